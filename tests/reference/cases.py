"""What the scripts beside this file share: data, and a model's numbers as a case of a test."""
import json
from pathlib import Path

import numpy as np


class Cases:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.cases = []

    def data(self, rows, cols, classes=0):
        rng = self.rng
        X = np.round(rng.normal(size=(rows, cols)), 4)
        if classes:
            y = np.argmax(X @ rng.normal(size=(cols, classes)) * 1.5 + rng.gumbel(size=(rows, classes)), axis=1)
            y[:classes] = np.arange(classes)
        else:
            y = np.round(X @ rng.normal(size=cols) + 3 + rng.normal(size=rows), 4)
        return X, y

    def weights(self, rows):
        return np.round(self.rng.uniform(0, 3, size=rows), 2) * (self.rng.random(rows) > 0.1)

    def add(self, name, algorithm, model, params, X, y, weight=None, coef=True, tolerance=None, test=None):
        if test is None:
            test = np.round(self.rng.normal(size=(6, X.shape[1])), 4)
        if weight is None:
            model.fit(X, y)
        else:
            model.fit(X, y, sample_weight=weight)
        classification = hasattr(model, "classes_")
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
        self.cases.append(case)

    def write(self, script):
        Path(script).with_suffix(".json").write_text(json.dumps(self.cases))
