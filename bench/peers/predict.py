"""Fits a model, converts it to ONNX and prints rows that ONNX Runtime predicts per second as JSON.

usage: predict.py MODEL HEAD PATH TRAIN BATCHES   (HEAD: JSON with rows and cols; PATH: float64 columns one behind the other,
target last). Each batch is a ready float32 matrix; the answer is labels and a matrix of probabilities.
"""
import json, sys, time, warnings

warnings.filterwarnings("ignore")
import numpy as np
import onnxruntime
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType

name, head, path, train = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], int(sys.argv[4])
batches = [int(size) for size in sys.argv[5].split(",")]
data = np.fromfile(path, dtype="<f8").reshape(head["cols"], head["rows"])
X, y = np.ascontiguousarray(data[:-1].T.astype(np.float32)), data[-1].astype(int)
inputs = [("input", FloatTensorType([None, X.shape[1]]))]
if name == "gradient_boosting":
    from lightgbm import LGBMClassifier
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType as Floats
    model = LGBMClassifier(n_estimators=100, num_leaves=31, verbosity=-1).fit(X[:train], y[:train])
    onnx = convert_lightgbm(model, initial_types=[("input", Floats([None, X.shape[1]]))], zipmap=False, target_opset=15)
else:
    model = {
        "random_forest": lambda: RandomForestClassifier(100, random_state=0, n_jobs=2),
        "logistic_regression": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
        "mlp": lambda: make_pipeline(StandardScaler(), MLPClassifier((100,), max_iter=5, random_state=0)),
    }[name]().fit(X[:train], y[:train])
    onnx = convert_sklearn(model, initial_types=inputs, options={id(model): {"zipmap": False}}, target_opset=15)


def best(call):
    least, end, calls = float("inf"), time.perf_counter() + 1.5, 0
    while calls < 3 or time.perf_counter() < end:
        started = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - started)
        calls += 1
    return least


answer = {}
for threads in (1, 2):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(onnx.SerializeToString(), options, providers=["CPUExecutionProvider"])
    answer[threads] = [
        {"size": size, "rows": size / best(lambda: session.run(None, {"input": X[:size]}))} for size in batches
    ]
print(json.dumps(answer))
