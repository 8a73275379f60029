"""Writes boosting.json: what scikit-learn's histogram boosting says with other losses and with constraints.

Run with scikit-learn 1.9: python tests/reference/boosting.py. The data are those of trees.py, in the same order.
"""

import json
import os

import numpy as np
import sklearn
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

SETS = {
    "breast_cancer": datasets.load_breast_cancer(return_X_y=True),
    "diabetes": datasets.load_diabetes(return_X_y=True, scaled=False),
}
CASES = [
    ("diabetes", {"loss": "quantile", "alpha": 0.3}),
    ("diabetes", {"loss": "quantile", "alpha": 0.8, "max_leaf_nodes": 6}),
    ("diabetes", {"loss": "gamma"}),
    ("diabetes", {"monotonic_cst": [0, 0, 1, 1, 0, 0, -1, 0, 1, 0], "min_samples_leaf": 5}),
    ("diabetes", {"monotonic_cst": [0, 0, 1, 1, 0, 0, -1, 0, 1, 0], "l2_regularization": 3.0, "missing": True}),
    ("diabetes", {"interaction_cst": "no_interactions"}),
    ("diabetes", {"interaction_cst": "pairwise", "max_leaf_nodes": 8}),
    ("diabetes", {"interaction_cst": [[0, 2, 8], [3, 8], [2, 9]]}),
    ("breast_cancer", {"monotonic_cst": [-1] * 10 + [0] * 20}),
]
out = {"sklearn": sklearn.__version__, "cases": []}
for name, spec in CASES:
    X, y = SETS[name]
    order = np.random.RandomState(0).permutation(len(y))
    X, y = X[order].astype(np.float32).astype(np.float64), y[order]
    params = {"max_iter": 30, **spec}
    missing = params.pop("missing", False)
    if missing:
        for j in range(0, X.shape[1], 2):
            X[(np.arange(len(y)) * 7 + j) % 9 == 0, j] = np.nan
    theirs = {("quantile" if key == "alpha" else key): value for key, value in params.items()}
    if isinstance(theirs.get("interaction_cst"), list):
        theirs["interaction_cst"] = [set(group) for group in theirs["interaction_cst"]]
    Model = HistGradientBoostingRegressor if name == "diabetes" else HistGradientBoostingClassifier
    model = Model(early_stopping=False, random_state=0, **theirs).fit(X, y)
    predictions = model.predict(X) if name == "diabetes" else model.predict_proba(X)[:, 1]
    out["cases"].append({
        "set": name,
        "params": params,
        "missing": missing,
        "predictions": [float(f"{value:.9g}") for value in predictions],
    })

with open(os.path.join(os.path.dirname(__file__), "boosting.json"), "w") as file:
    json.dump(out, file, separators=(",", ":"))
    file.write("\n")
