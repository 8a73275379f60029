"""Fits a peer's boosting some times on a file of bench/boosting.ts and prints what it took as JSON.

usage: boosting.py PEER HEAD PATH THREADS FITS   (HEAD: JSON with rows, train, cols, numbers; PATH: float64 rows, target last)
"""
import json, os, resource, sys, time

peer, head, path, threads, fits = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
os.environ["OMP_NUM_THREADS"] = str(threads)
import numpy as np

width = head["cols"] - 1
data = np.fromfile(path + ".y", dtype="<f8")
y, y_test = data[: head["train"]], data[head["train"]:]
X = np.fromfile(path + ".X", dtype="<f8").reshape(head["rows"], width)
X, X_test = X[: head["train"]], X[head["train"]:]
categories = list(range(head["numbers"], width))


def lightgbm():
    from lightgbm import LGBMClassifier
    model = LGBMClassifier(n_estimators=100, num_leaves=31, max_bin=255, learning_rate=0.1, n_jobs=threads, verbosity=-1)
    return lambda: model.fit(X, y, **({"categorical_feature": categories} if categories else {}))


def xgboost():
    from xgboost import XGBClassifier
    model = XGBClassifier(n_estimators=100, max_leaves=31, max_depth=0, grow_policy="lossguide", max_bin=255,
                          learning_rate=0.1, tree_method="hist", n_jobs=threads, reg_lambda=0, min_child_weight=1e-3,
                          enable_categorical=bool(categories),
                          feature_types=["c" if j in categories else "q" for j in range(width)])
    return lambda: model.fit(X, y)


def hist_gradient_boosting():
    from sklearn.ensemble import HistGradientBoostingClassifier
    model = HistGradientBoostingClassifier(early_stopping=False, random_state=0, categorical_features=categories or None)
    return lambda: model.fit(X, y)


fit = {"lightgbm": lightgbm, "xgboost": xgboost, "hist_gradient_boosting": hist_gradient_boosting}[peer]()
seconds, cpu_seconds = [], []
for _ in range(fits):
    start, cpu = time.perf_counter(), time.process_time()
    model = fit()
    seconds.append(time.perf_counter() - start)
    cpu_seconds.append(time.process_time() - cpu)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
start = time.perf_counter()
scores = model.predict_proba(X_test)[:, 1]
predict_seconds = time.perf_counter() - start
order = np.argsort(scores, kind="stable")
ranks = np.empty(len(scores))
ranks[order] = np.arange(1, len(scores) + 1)
positive = y_test == 1
n = positive.sum()
auc = (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(y_test) - n))
print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak,
                  "predict_seconds": predict_seconds, "auc": auc}))
