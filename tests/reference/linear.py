"""Numbers of scikit-learn for tests/ml/linear_model/linear_reference_test.ts. Writes linear.json beside this file.

Run with Python 3.11, scikit-learn 1.9.1, numpy: python linear.py
"""
import warnings

import numpy as np
from sklearn.linear_model import (ElasticNet, Lasso, LinearRegression, LogisticRegression, PoissonRegressor,
                                  QuantileRegressor, Ridge)

from cases import Cases

warnings.filterwarnings("ignore")
cases = Cases(21)
add = cases.add

X, y = cases.data(60, 6)
w = cases.weights(60)
tight = dict(tol=1e-14, max_iter=100000)
onehot = np.column_stack([X[:, :2], np.eye(4)[cases.rng.integers(0, 4, 60)]])
wide, yw = cases.data(9, 14)
for alpha in (0.01, 0.3, 2):
    add(f"alpha {alpha}", "lasso", Lasso(alpha=alpha, **tight), dict(alpha=alpha, **tight), X, y)
for name, data, target, weight, params in (
    ("weights", X, y, w, dict(alpha=0.2)),
    ("positive", X, y, None, dict(alpha=0.1, positive=True)),
    ("no intercept", X, y, None, dict(alpha=0.1, fit_intercept=False)),
    ("more columns than rows", wide, yw, None, dict(alpha=0.05)),
    ("all weights 0", X, y, None, dict(alpha=50)),
):
    add(name, "lasso", Lasso(**tight, **params), dict(**params, **tight), data, target, weight)
for name, data, weight, params in (
    ("defaults", X, None, {}),
    ("one-hot columns", onehot, None, dict(alpha=0.1)),
    ("weights", X, w, dict(alpha=0.1, l1_ratio=0.2)),
    ("as ridge", X, None, dict(alpha=0.3, l1_ratio=0)),
    ("positive, no intercept", X, None, dict(alpha=0.1, l1_ratio=0.9, positive=True, fit_intercept=False)),
):
    add(name, "elastic_net", ElasticNet(**tight, **params), dict(**params, **tight), data, y, weight,
        tolerance=1e-7)


def saga(**kwargs):
    return LogisticRegression(solver="saga", tol=1e-12, max_iter=1000000, random_state=0, **kwargs)


strict = dict(tol=1e-9, max_iter=10000)
X, y = cases.data(80, 5, 2)
w = cases.weights(80)
add("l1", "logistic_regression", saga(l1_ratio=1, C=0.3), dict(penalty="l1", C=0.3, **strict), X, y)
add("l1, weights", "logistic_regression", saga(l1_ratio=1, C=0.1), dict(penalty="l1", C=0.1, **strict), X, y, w)
add("elastic net", "logistic_regression", saga(l1_ratio=0.4, C=0.2),
    dict(penalty="elasticnet", l1_ratio=0.4, C=0.2, **strict), X, y)
add("l1, balanced, no intercept", "logistic_regression",
    saga(l1_ratio=1, C=0.3, class_weight="balanced", fit_intercept=False),
    dict(penalty="l1", C=0.3, class_weight="balanced", fit_intercept=False, **strict), X, y)
X, y = cases.data(120, 5, 4)
# Multinomial intercepts are unique up to a constant.
add("l1", "logistic_regression", saga(l1_ratio=1, C=0.3), dict(penalty="l1", C=0.3, **strict), X, y, coef=False)
add("elastic net", "logistic_regression", saga(l1_ratio=0.7, C=1),
    dict(penalty="elasticnet", l1_ratio=0.7, **strict), X, y, coef=False)

X, _ = cases.data(90, 4)
counts = cases.rng.poisson(np.exp(0.5 * X[:, 0] - 0.3 * X[:, 1] + 0.4)).astype(float)
w = cases.weights(90)
for name, weight, params in (
    ("defaults", None, {}),
    ("weak penalty", None, dict(alpha=1e-3)),
    ("weights", w, dict(alpha=0.1)),
    ("no intercept", None, dict(alpha=0.1, fit_intercept=False)),
    ("no penalty", None, dict(alpha=0)),
):
    add(name, "poisson_regression", PoissonRegressor(tol=1e-10, max_iter=10000, **params),
        dict(tol=1e-9, max_iter=10000, **params), X, counts, weight, tolerance=2e-6)

X, y = cases.data(71, 4)
y = y + cases.rng.exponential(size=71) * 2
w = cases.weights(71)
for name, weight, params in (
    ("median", None, dict(alpha=0)),
    ("0.9", None, dict(quantile=0.9, alpha=0)),
    ("0.1, penalty", None, dict(quantile=0.1, alpha=0.05)),
    ("weights", w, dict(quantile=0.7, alpha=0.02)),
    ("no intercept", None, dict(quantile=0.3, alpha=0, fit_intercept=False)),
    ("all weights 0", None, dict(quantile=0.6)),
):
    add(name, "quantile_regression", QuantileRegressor(solver="highs", **params), params, X, y, weight,
        tolerance=1e-7)

# Combinations: weights, class weights and no intercept with every penalty.
X, y = cases.data(110, 5, 3)
w = cases.weights(110)
for name, weight, theirs, ours in (
    ("l1, weights, balanced", w, dict(l1_ratio=1, C=0.2, class_weight="balanced"),
     dict(penalty="l1", C=0.2, class_weight="balanced")),
    ("elastic net, weights, no intercept", w, dict(l1_ratio=0.3, C=0.5, fit_intercept=False),
     dict(penalty="elasticnet", l1_ratio=0.3, C=0.5, fit_intercept=False)),
    ("elastic net, balanced", None, dict(l1_ratio=0.5, C=0.1, class_weight="balanced"),
     dict(penalty="elasticnet", C=0.1, class_weight="balanced")),
    ("l2, weights, no intercept", w, dict(C=0.3, fit_intercept=False), dict(C=0.3, fit_intercept=False)),
):
    add(f"three classes, {name}", "logistic_regression", saga(**theirs), dict(**ours, **strict), X, y, weight,
        coef=False)
X, y = cases.data(90, 5, 2)
w = cases.weights(90)
add("elastic net, weights, balanced", "logistic_regression", saga(l1_ratio=0.6, C=0.3, class_weight="balanced"),
    dict(penalty="elasticnet", l1_ratio=0.6, C=0.3, class_weight="balanced", **strict), X, y, w)
add("elastic net, no intercept", "logistic_regression", saga(l1_ratio=0.6, C=0.3, fit_intercept=False),
    dict(penalty="elasticnet", l1_ratio=0.6, C=0.3, fit_intercept=False, **strict), X, y)
X, y = cases.data(60, 6)
w = cases.weights(60)
free = dict(fit_intercept=False)
add("weights, no intercept", "lasso", Lasso(alpha=0.1, **free, **tight), dict(alpha=0.1, **free, **tight), X, y, w)
add("weights, no intercept", "elastic_net", ElasticNet(alpha=0.1, **free, **tight),
    dict(alpha=0.1, **free, **tight), X, y, w, tolerance=1e-7)
add("weights, no intercept", "ridge", Ridge(alpha=0.7, **free), dict(alpha=0.7, **free), X, y, w)
add("weights, no intercept", "linear_regression", LinearRegression(**free), free, X, y, w)
X, _ = cases.data(90, 4)
counts = cases.rng.poisson(np.exp(0.4 * X[:, 0] + 0.3 * X[:, 2] + 0.2)).astype(float)
w = cases.weights(90)
for name, weight, params in (
    ("no penalty, weights", w, dict(alpha=0)),
    ("no penalty, no intercept", None, dict(alpha=0, fit_intercept=False)),
    ("strong penalty, weights, no intercept", w, dict(alpha=10, fit_intercept=False)),
):
    add(name, "poisson_regression", PoissonRegressor(tol=1e-10, max_iter=10000, **params),
        dict(tol=1e-9, max_iter=10000, **params), X, counts, weight, tolerance=2e-6)
X, y = cases.data(83, 4)
y = y + cases.rng.exponential(size=83) * 2
w = cases.weights(83)
for name, weight, params in (
    ("0.1", None, dict(quantile=0.1, alpha=0)),
    ("0.1, weights", w, dict(quantile=0.1, alpha=0)),
    ("0.9, weights, penalty", w, dict(quantile=0.9, alpha=0.03)),
    ("0.9, no intercept, penalty", None, dict(quantile=0.9, alpha=0.03, fit_intercept=False)),
):
    add(name, "quantile_regression", QuantileRegressor(solver="highs", **params), params, X, y, weight,
        tolerance=1e-7)
cases.write(__file__)
