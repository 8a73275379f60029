"""Fits one scikit-learn model on one data set and prints seconds and test score as JSON.

usage: fit.py DATA ALGORITHM TASK   (DATA: header line of JSON, then float64 rows: features..., target)
"""
import json, sys, time
import numpy as np
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, HistGradientBoostingClassifier,
                              HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

path, algorithm, task = sys.argv[1:4]
with open(path, "rb") as file:
    head = json.loads(file.readline())
    data = np.frombuffer(file.read(), dtype="<f8").reshape(head["rows"], head["cols"])
train = head["train"]
X, y = data[:, :-1], data[:, -1]
models = {
    "logistic_regression": (lambda: make_pipeline(StandardScaler(), LogisticRegression()), None),
    "ridge": (None, lambda: make_pipeline(StandardScaler(), Ridge())),
    "gaussian_nb": (GaussianNB, None),
    "k_neighbors": (lambda: make_pipeline(StandardScaler(), KNeighborsClassifier()),
                    lambda: make_pipeline(StandardScaler(), KNeighborsRegressor())),
    "decision_tree": (lambda: DecisionTreeClassifier(random_state=0), lambda: DecisionTreeRegressor(random_state=0)),
    "random_forest": (lambda: RandomForestClassifier(random_state=0, n_jobs=1),
                      lambda: RandomForestRegressor(random_state=0, n_jobs=1)),
    "extra_trees": (lambda: ExtraTreesClassifier(random_state=0, n_jobs=1),
                    lambda: ExtraTreesRegressor(random_state=0, n_jobs=1)),
    "gradient_boosting": (lambda: HistGradientBoostingClassifier(random_state=0, early_stopping=False),
                          lambda: HistGradientBoostingRegressor(random_state=0, early_stopping=False)),
}
make = models[algorithm][0 if task == "classification" else 1]
best = None
for _ in range(int(sys.argv[4]) if len(sys.argv) > 4 else 1):
    model = make()
    start = time.perf_counter()
    model.fit(X[:train], y[:train])
    seconds = time.perf_counter() - start
    best = seconds if best is None else min(best, seconds)
print(json.dumps({"seconds": best, "score": model.score(X[train:], y[train:])}))
