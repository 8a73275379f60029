"""Writes trees.json: what scikit-learn's trees, forests and boosting say about its own real data sets.

Run with scikit-learn 1.9: python tests/reference/trees.py
"""

import json
import os

import numpy as np
import sklearn
from sklearn import datasets
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import accuracy_score, r2_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

SETS = {
    "iris": datasets.load_iris(return_X_y=True),
    "wine": datasets.load_wine(return_X_y=True),
    "breast_cancer": datasets.load_breast_cancer(return_X_y=True),
    "digits": tuple(part[:900] for part in datasets.load_digits(return_X_y=True)),
    "diabetes": datasets.load_diabetes(return_X_y=True, scaled=False),
}


def rounded(values, digits=15):
    return [float(f"{v:.{digits}g}") for v in np.asarray(values, dtype=float).ravel()]


out = {"sklearn": sklearn.__version__, "sets": {}, "trees": [], "forests": [], "boosting": []}
data = {}
for name, (X, y) in SETS.items():
    order = np.random.RandomState(0).permutation(len(y))
    X, y = X[order], y[order]
    # Trees of scikit-learn see 32-bit numbers; the test rounds the same way.
    data[name] = (X.astype(np.float32).astype(np.float64), y)
    out["sets"][name] = {
        "task": "regression" if name == "diabetes" else "classification",
        "rows": X.shape[0],
        "cols": X.shape[1],
        "X": [float(f"{v:.12g}") if v % 1 else int(v) for v in X.T.ravel()],
        "y": [int(v) for v in y],
    }


def weights_for(y):
    return (np.arange(len(y)) % 4).astype(float)


# --- one tree -----------------------------------------------------------------------------------------------------
TREES = [
    ("iris", {"max_depth": 2}),
    ("iris", {"criterion": "entropy", "min_samples_leaf": 10}),
    ("wine", {"max_depth": 3}),
    ("wine", {"max_leaf_nodes": 4}),
    ("wine", {"criterion": "log_loss", "max_leaf_nodes": 5, "class_weight": "balanced"}),
    ("breast_cancer", {"max_depth": 3}),
    ("breast_cancer", {"min_samples_leaf": 20}),
    ("breast_cancer", {"max_leaf_nodes": 6, "min_samples_leaf": 0.02}),
    ("breast_cancer", {"ccp_alpha": 0.02}),
    ("breast_cancer", {"min_impurity_decrease": 0.01, "min_samples_split": 40}),
    ("breast_cancer", {"min_weight_fraction_leaf": 0.06, "sample_weight": True}),
    ("digits", {"min_samples_leaf": 15}),
    ("digits", {"max_leaf_nodes": 25, "criterion": "entropy"}),
    ("diabetes", {"max_depth": 4}),
    ("diabetes", {"min_samples_leaf": 7}),
    ("diabetes", {"max_leaf_nodes": 20, "min_samples_leaf": 4}),
    ("diabetes", {"ccp_alpha": 60.0}),
    ("diabetes", {"min_impurity_decrease": 40.0}),
    ("diabetes", {"min_samples_split": 0.1, "min_samples_leaf": 8, "sample_weight": True}),
]
for name, params in TREES:
    X, y = data[name]
    params = dict(params)
    weight = weights_for(y) if params.pop("sample_weight", False) else None
    Tree = DecisionTreeRegressor if name == "diabetes" else DecisionTreeClassifier
    seen, importances = [], []
    for seed in range(12):
        tree = Tree(random_state=seed, **params).fit(X, y, sample_weight=weight)
        predict = tree.predict if name == "diabetes" else tree.predict_proba
        seen.append(np.asarray(predict(X)).ravel())
        importances.append(tree.feature_importances_)
    # Where features tie, the seed decides; only trees without such ties can be compared.
    if not all(np.allclose(seen[0], other, rtol=0, atol=1e-12) for other in seen):
        print("ties, left out:", name, params)
        continue
    out["trees"].append({
        "set": name,
        "params": params,
        "weighted": weight is not None,
        "leaves": int(tree.get_n_leaves()),
        # None where two features part the rows alike, and the seed chooses between them.
        "importances": rounded(importances[0]) if np.ptp(importances, axis=0).max() < 1e-12 else None,
        "predictions": rounded(seen[0], 12),
    })

# --- forests ------------------------------------------------------------------------------------------------------
FORESTS = {
    "random_forest": (RandomForestClassifier, RandomForestRegressor),
    "extra_trees": (ExtraTreesClassifier, ExtraTreesRegressor),
}
for name, (X, y) in data.items():
    for algorithm, (Classifier, Regressor) in FORESTS.items():
        regression = name == "diabetes"
        fold = np.arange(len(y)) % 3
        scores, importances = [], []
        for seed in range(20):
            for k in range(3):
                model = (Regressor if regression else Classifier)(60, random_state=seed, n_jobs=2)
                model.fit(X[fold != k], y[fold != k])
                score = r2_score if regression else accuracy_score
                scores.append(score(y[fold == k], model.predict(X[fold == k])))
                importances.append(model.feature_importances_)
        out["forests"].append({
            "algorithm": algorithm,
            "set": name,
            "score": float(np.mean(scores)),
            "importances": rounded(np.mean(importances, axis=0), 4),
        })

# --- boosting -----------------------------------------------------------------------------------------------------
BOOSTING = [
    ("breast_cancer", {}),
    ("breast_cancer", {"max_bins": 16, "l2_regularization": 1.0, "learning_rate": 0.3}),
    ("breast_cancer", {"missing": True, "max_depth": 3}),
    ("breast_cancer", {"sample_weight": True, "max_bins": 64}),
    ("breast_cancer", {"class_weight": "balanced", "min_samples_leaf": 5, "max_leaf_nodes": 7}),
    ("iris", {}),
    ("wine", {"missing": True}),
    ("wine", {"categories": {"4": 8}, "min_samples_leaf": 5}),
    ("digits", {"max_iter": 10}),
    ("diabetes", {}),
    ("diabetes", {"loss": "absolute_error", "max_leaf_nodes": 9}),
    ("diabetes", {"loss": "poisson"}),
    ("diabetes", {"missing": True, "sample_weight": True}),
    ("diabetes", {"max_leaf_nodes": None, "max_depth": 4, "max_bins": 32}),
    ("diabetes", {"categories": {"0": 3, "1": 1, "6": 1}, "missing": True, "min_samples_leaf": 10}),
]
for name, spec in BOOSTING:
    X, y = data[name]
    X = X.copy()
    params = dict(spec)
    categories = {int(j): size for j, size in params.pop("categories", {}).items()}
    # A column of numbers becomes codes: how many times `size` fits above the smallest value.
    for j, size in categories.items():
        X[:, j] = np.floor((X[:, j] - X[:, j].min()) / size)
    missing = params.pop("missing", False)
    if missing:
        for j in range(X.shape[1]):
            if j % 2 == 0:
                X[(np.arange(len(y)) * 7 + j) % 9 == 0, j] = np.nan
    weight = weights_for(y) if params.pop("sample_weight", False) else None
    params.setdefault("max_iter", 30)
    Model = HistGradientBoostingRegressor if name == "diabetes" else HistGradientBoostingClassifier
    model = Model(
        early_stopping=False, random_state=0, categorical_features=sorted(categories) or None, **params
    ).fit(X, y, sample_weight=weight)
    # Rows that training did not see: some values missing where none were.
    unseen = X[:40].copy()
    unseen[::2, 1] = np.nan
    predict = model.predict if name == "diabetes" else model.predict_proba
    out["boosting"].append({
        "set": name,
        "params": params,
        "weighted": weight is not None,
        "missing": missing,
        "categories": {str(j): size for j, size in categories.items()},
        "predictions": rounded(predict(X), 9),
        "unseen": rounded(predict(unseen), 9),
    })

path = os.path.join(os.path.dirname(__file__), "trees.json")
with open(path, "w") as file:
    json.dump(out, file, separators=(",", ":"))
    file.write("\n")
print(len(out["trees"]), "trees,", os.path.getsize(path) // 1024, "KiB")
