"""Numbers of scikit-learn for tests/ml/svm/svm_reference_test.ts. Writes svm.json beside this file.

Decision values are compared: as sigmoids for two classes, for more as the softmax of the one-against-rest values.
Run with Python 3.11, scikit-learn 1.9.1, numpy: python svm.py
"""
import numpy as np
from sklearn.svm import SVC, SVR

from cases import Cases

cases = Cases(31)


class Scores(SVC):
    def predict_proba(self, X):
        f = self.decision_function(X)
        if f.ndim == 1:
            p = 1 / (1 + np.exp(-f))
            return np.column_stack([1 - p, p])
        e = np.exp(f)
        return e / e.sum(axis=1, keepdims=True)


def add(name, classes, params, X, y, weight=None):
    model = (Scores if classes else SVR)(tol=1e-8, **params)
    given = dict(tol=1e-8, **params)
    if classes:
        given["probability"] = False
    cases.add(name, "svm", model, given, X, y, weight, coef=False)


X2, y2 = cases.data(90, 4, 2)
X4, y4 = cases.data(110, 4, 4)
X, y = cases.data(80, 4)
w = cases.weights
for kernel in (dict(), dict(kernel="linear"), dict(kernel="poly", coef0=1), dict(kernel="poly", degree=2, gamma=0.5),
               dict(kernel="sigmoid", gamma=0.05, coef0=-0.5), dict(gamma="auto", C=20)):
    add(str(kernel), 2, kernel, X2, y2)
    add(str(kernel), 0, kernel, X, y)
add("four classes", 4, {}, X4, y4)
add("four classes, C 0.1, linear", 4, dict(C=0.1, kernel="linear"), X4, y4)
add("four classes, balanced, weights", 4, dict(class_weight="balanced"), X4, y4, w(110))
add("weights", 2, dict(C=3), X2, y2, w(90))
add("weights, epsilon", 0, dict(epsilon=0.5, C=2), X, y, w(80))
add("epsilon 0", 0, dict(epsilon=0), X, y)
add("numbers of any size", 2, dict(C=10), X2 * 100 + 500, y2)
cases.write(__file__)
