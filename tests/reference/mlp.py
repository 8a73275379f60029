"""Numbers of scikit-learn for tests/ml/neural_network/mlp_reference_test.ts. Writes mlp.json beside this file.

The start weights are scikit-learn's and rows keep their order, so that both sides take the same steps.
Run with Python 3.11, scikit-learn 1.9.1, numpy: python mlp.py
"""
import json
import warnings
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

warnings.filterwarnings("ignore")
rng = np.random.default_rng(11)
cases = []


def add(name, classes, params, weighted=False, rows=70, cols=5):
    X = np.round(rng.normal(size=(rows, cols)), 4)
    test = np.round(rng.normal(size=(6, cols)), 4)
    if classes:
        y = np.argmax(X @ rng.normal(size=(cols, classes)) + rng.gumbel(size=(rows, classes)), axis=1)
        y[:classes] = np.arange(classes)
    else:
        y = X[:, 0] * X[:, 1] + np.sin(X[:, 2])
    weight = np.round(rng.uniform(0, 3, size=rows), 2) * (rng.random(rows) > 0.1) if weighted else None
    if not classes:
        w = np.ones(rows) if weight is None else weight
        y = y - np.average(y, weights=w)
        y = y / np.sqrt(np.average(y**2, weights=w))
    params = dict(dict(shuffle=False, max_iter=12, batch_size=20, hidden_layer_sizes=[7]), **params)
    model = (MLPClassifier if classes else MLPRegressor)(random_state=3, **params)
    start = {}
    initialize = model._initialize

    def capture(*args):
        initialize(*args)
        start["coefs"] = [c.tolist() for c in model.coefs_]
        start["intercepts"] = [c.tolist() for c in model.intercepts_]

    model._initialize = capture
    model.fit(X, y, weight)
    expected = model.predict_proba(test) if classes else model.predict(test)
    cases.append(dict(name=name, n_classes=classes, params=params, X=X.tolist(), y=np.asarray(y).tolist(),
                      sample_weight=None if weight is None else weight.tolist(), test=test.tolist(),
                      losses=list(model.loss_curve_), expected=np.ravel(expected).tolist(), **start))


for activation in ("relu", "tanh", "logistic", "identity"):
    add(activation, 2, dict(activation=activation))
    add(activation, 0, dict(activation=activation, learning_rate_init=0.01))
add("four classes, two layers", 4, dict(hidden_layer_sizes=[9, 6], alpha=0.5))
add("weights", 3, dict(alpha=0.1), True)
add("weights", 0, {}, True)
add("no hidden layer", 2, dict(hidden_layer_sizes=[]))
add("moments", 2, dict(beta_1=0.5, beta_2=0.9, epsilon=0.01))
add("sgd", 2, dict(solver="sgd", learning_rate_init=0.1))
add("sgd, momentum without Nesterov, invscaling", 3,
    dict(solver="sgd", learning_rate_init=0.1, nesterovs_momentum=False, learning_rate="invscaling"))
add("sgd, adaptive until the end", 2,
    dict(solver="sgd", learning_rate_init=0.5, learning_rate="adaptive", max_iter=400, n_iter_no_change=3, tol=0.01))
add("adam until the loss stalls", 2, dict(max_iter=400, n_iter_no_change=4, tol=0.005, learning_rate_init=0.01))
Path(__file__).with_suffix(".json").write_text(json.dumps(cases))
