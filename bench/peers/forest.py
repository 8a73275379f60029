"""Fits one forest of scikit-learn, the quicker ones up to twenty times, and prints seconds, score and speed of prediction as JSON.

usage: forest.py PATH ALGORITHM TREES THREADS TRAIN   (PATH: a line of JSON, then doubles, column after column)
"""
import json, sys, time
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

path, algorithm = sys.argv[1:3]
trees, threads, train = map(int, sys.argv[3:6])
with open(path, "rb") as file:
    head = json.loads(file.readline())
    data = np.frombuffer(file.read(), dtype="<f8").reshape(head["cols"] + 1, head["rows"])
X, y = np.ascontiguousarray(data[:-1].T), data[-1]
MODELS = {
    "decision_tree": {"classification": DecisionTreeClassifier, "regression": DecisionTreeRegressor},
    "random_forest": {"classification": RandomForestClassifier, "regression": RandomForestRegressor},
    "extra_trees": {"classification": ExtraTreesClassifier, "regression": ExtraTreesRegressor},
}
more = {} if algorithm == "decision_tree" else {"n_estimators": trees, "n_jobs": threads}
model = MODELS[algorithm][head["task"]](random_state=0, **more)
seconds = float("inf")
begun = time.perf_counter()
for n in range(20):
    start = time.perf_counter()
    model.fit(X[:train], y[:train])
    seconds = min(seconds, time.perf_counter() - start)
    if time.perf_counter() - begun > 1:
        break
start = time.perf_counter()
score = model.score(X[train:], y[train:])
batch = time.perf_counter() - start
one = X[train:train + 1]
start = time.perf_counter()
for _ in range(10):
    model.predict(one)
row = (time.perf_counter() - start) / 10
print(json.dumps({"seconds": seconds, "score": score, "batch_seconds": batch, "row_us": row * 1e6}))
