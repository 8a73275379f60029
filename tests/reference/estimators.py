"""Numbers of scikit-learn for tests/ml/estimators_reference_test.ts. Writes estimators.json beside this file.

Run with Python 3.11, scikit-learn 1.9.1, numpy: python estimators.py
"""
import json
from pathlib import Path

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

rng = np.random.default_rng(7)
cases = []


def data(rows, cols, classes=0):
    X = np.round(rng.normal(size=(rows, cols)), 4)
    if classes:
        noise = rng.gumbel(size=(rows, classes))
        y = np.argmax(X @ rng.normal(size=(cols, classes)) * 1.5 + noise, axis=1)
        y[:classes] = np.arange(classes)
    else:
        y = np.round(X @ rng.normal(size=cols) + 3 + rng.normal(size=rows), 4)
    return X, y


def add(name, algorithm, model, params, X, y, weight=None, coef=True, tolerance=None):
    test = np.round(rng.normal(size=(6, X.shape[1])), 4)
    if weight is None:
        model.fit(X, y)
    else:
        model.fit(X, y, sample_weight=weight)
    classification = hasattr(model, "predict_proba")
    expected = model.predict_proba(test) if classification else model.predict(test)
    case = dict(name=name, algorithm=algorithm, task="classification" if classification else "regression",
                n_classes=int(max(y)) + 1 if classification else 0, params=params, X=X.tolist(), y=y.tolist(),
                test=test.tolist(), expected=np.ravel(expected).tolist())
    if tolerance is not None:
        case["tolerance"] = tolerance
    if weight is not None:
        case["sample_weight"] = weight.tolist()
    if coef and hasattr(model, "coef_"):
        case["coef"] = np.ravel(model.coef_).tolist()
        case["intercept"] = np.ravel(model.intercept_).tolist()
    cases.append(case)


def weights(rows):
    return np.round(rng.uniform(0, 3, size=rows), 2) * (rng.random(rows) > 0.1)


# dummy
X, y = data(25, 2, 3)
w = weights(25)
add("prior", "dummy", DummyClassifier(strategy="prior"), dict(strategy="prior"), X, y, w)
add("most frequent", "dummy", DummyClassifier(strategy="most_frequent"), dict(strategy="most_frequent"), X, y)
X, y = data(24, 2)
w = weights(24)
add("weighted mean", "dummy", DummyRegressor(), {}, X, y, w)
add("median", "dummy", DummyRegressor(strategy="median"), dict(strategy="median"), X, y)

# linear_regression and ridge
X, y = data(40, 5)
w = weights(40)
add("full rank", "linear_regression", LinearRegression(), {}, X, y)
add("weights", "linear_regression", LinearRegression(), {}, X, y, w)
add("no intercept", "linear_regression", LinearRegression(fit_intercept=False), dict(fit_intercept=False), X, y)
dependent = np.column_stack([X, X[:, 0] + X[:, 1], np.ones(40)])
add("dependent and constant columns", "linear_regression", LinearRegression(), {}, dependent, y)
onehot = np.column_stack([X[:, :2], np.eye(4)[rng.integers(0, 4, 40)], np.eye(3)[rng.integers(0, 3, 40)]])
add("one-hot columns", "linear_regression", LinearRegression(), {}, onehot, y)
add("one-hot columns, no intercept", "linear_regression", LinearRegression(fit_intercept=False),
    dict(fit_intercept=False), onehot, y)
levels = np.column_stack([X[:, :2], np.eye(9)[np.arange(40) % 9], np.eye(7)[rng.integers(0, 7, 40)] * 3])
add("many one-hot columns", "linear_regression", LinearRegression(), {}, levels, y)
add("many one-hot columns, weights", "linear_regression", LinearRegression(), {}, levels, y, w + 0.1)
add("many one-hot columns, no intercept", "linear_regression", LinearRegression(fit_intercept=False),
    dict(fit_intercept=False), levels, y)
add("many one-hot columns, weights", "ridge", Ridge(alpha=0.3), dict(alpha=0.3), levels, y, w)
wide, yw = data(8, 12)
add("more columns than rows", "linear_regression", LinearRegression(), {}, wide, yw)
far = np.round(X * [1, 100, 0.01, 1, 1] + [1e4, 0, 5, -300, 0], 6)
add("columns of other sizes and places", "linear_regression", LinearRegression(), {}, far, y)
t = np.linspace(-1, 1, 40)
poly = np.round(np.column_stack([t**k for k in range(1, 13)]), 12)
add("nearly dependent columns", "linear_regression", LinearRegression(), {}, poly, y, tolerance=1e-11)
for alpha in (0.01, 1, 100):
    add(f"alpha {alpha}", "ridge", Ridge(alpha=alpha), dict(alpha=alpha), onehot, y)
add("weights", "ridge", Ridge(alpha=2.5), dict(alpha=2.5), X, y, w)
add("more columns than rows", "ridge", Ridge(), {}, wide, yw)
add("no intercept", "ridge", Ridge(fit_intercept=False), dict(fit_intercept=False), X, y)


# logistic_regression, converged far beyond the default tolerance on both sides
def logistic(**kwargs):
    return LogisticRegression(tol=1e-12, max_iter=100000, **kwargs)


tight = dict(tol=1e-9, max_iter=10000)
X, y = data(80, 4, 2)
w = weights(80)
add("two classes", "logistic_regression", logistic(), tight, X, y)
add("two classes, weights", "logistic_regression", logistic(), tight, X, y, w)
add("two classes, C 0.05", "logistic_regression", logistic(C=0.05), dict(C=0.05, **tight), X, y)
add("two classes, balanced, weights", "logistic_regression", logistic(class_weight="balanced"),
    dict(class_weight="balanced", **tight), X, y, w)
add("two classes, no penalty", "logistic_regression", logistic(C=np.inf), dict(penalty="none", **tight), X, y)
add("two classes, no intercept", "logistic_regression", logistic(fit_intercept=False),
    dict(fit_intercept=False, **tight), X, y)
X, y = data(90, 4, 4)
w = weights(90)
# Multinomial intercepts are unique up to a constant, so they are not compared.
add("four classes", "logistic_regression", logistic(), tight, X, y, coef=False)
add("four classes, weights, balanced", "logistic_regression", logistic(class_weight="balanced"),
    dict(class_weight="balanced", **tight), X, y, w, coef=False)
add("four classes, C 10", "logistic_regression", logistic(C=10), dict(C=10, **tight), X, y, coef=False)

# k_neighbors
X, y = data(60, 3, 3)
for params in (dict(), dict(n_neighbors=1), dict(weights="distance"), dict(p=1, n_neighbors=7),
               dict(p=3, weights="distance"), dict(metric="manhattan"), dict(metric="chebyshev"),
               dict(n_neighbors=60)):
    add(f"classes {params}", "k_neighbors", KNeighborsClassifier(**params), params, X, y)
same = np.vstack([X, X[:5]])
X, y = data(60, 3)
for params in (dict(), dict(weights="distance", n_neighbors=3), dict(metric="euclidean", n_neighbors=10)):
    add(f"numbers {params}", "k_neighbors", KNeighborsRegressor(**params), params, X, y)

# gaussian_nb
X, y = data(60, 4, 3)
X = X * [1, 10, 0.1, 1]
w = weights(60)
add("three classes", "gaussian_nb", GaussianNB(), {}, X, y)
add("weights", "gaussian_nb", GaussianNB(), {}, X, y, w)
add("priors", "gaussian_nb", GaussianNB(priors=[0.2, 0.5, 0.3]), dict(priors=[0.2, 0.5, 0.3]), X, y)
add("smoothing", "gaussian_nb", GaussianNB(var_smoothing=0.1), dict(var_smoothing=0.1), X, y)
flat = X.copy()
flat[:, 2] = 3
add("a constant column", "gaussian_nb", GaussianNB(), {}, flat, y)

Path(__file__).with_suffix(".json").write_text(json.dumps(cases))
