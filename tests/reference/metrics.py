"""Numbers of scikit-learn for tests/ml/metrics/metrics_reference_test.ts. Writes metrics.json beside this file.

Run with Python 3.11, scikit-learn 1.9.1, numpy: python metrics.py
"""
import json
import warnings
from pathlib import Path

import numpy as np
from sklearn import metrics as m

warnings.simplefilter("ignore")
rng = np.random.default_rng(3)
cases = []


def classification(name, y, scores, weight=None):
    y = np.asarray(y)
    k = scores.shape[1]
    labels = np.arange(k)
    predicted = np.argmax(scores, axis=1)
    average = dict(average="binary") if k == 2 else dict(average="macro")
    w = dict(sample_weight=weight)
    try:
        auc = m.roc_auc_score(y, scores[:, 1], **w) if k == 2 else \
            m.roc_auc_score(y, scores, multi_class="ovr", average="macro", **w)
    except ValueError:
        auc = None
    expected = dict(
        accuracy=m.accuracy_score(y, predicted, **w),
        balanced_accuracy=m.balanced_accuracy_score(y, predicted, **w),
        f1=m.f1_score(y, predicted, zero_division=0, **average, **w),
        precision=m.precision_score(y, predicted, zero_division=0, **average, **w),
        recall=m.recall_score(y, predicted, zero_division=0, **average, **w),
        roc_auc=None if auc is None or np.isnan(auc) else auc,
        log_loss=m.log_loss(y, scores, labels=labels, **w),
    )
    add(name, "classification", y, scores, weight, k, expected,
        m.confusion_matrix(y, predicted, labels=labels, **w).tolist())


def regression(name, y, scores, weight=None):
    w = dict(sample_weight=weight)
    r2 = m.r2_score(y, scores, **w)
    expected = dict(
        r2=None if np.isnan(r2) else r2,
        mae=m.mean_absolute_error(y, scores, **w),
        rmse=m.root_mean_squared_error(y, scores, **w),
        mape=m.mean_absolute_percentage_error(y, scores, **w),
    )
    add(name, "regression", np.asarray(y, float), scores, weight, 0, expected)


def add(name, task, y, scores, weight, n_classes, expected, confusion=None):
    case = dict(name=name, task=task, y=y.tolist(), scores=np.ravel(scores).tolist(), n_classes=n_classes,
                expected=expected)
    if weight is not None:
        case["sample_weight"] = weight.tolist()
    if confusion is not None:
        case["confusion_matrix"] = confusion
    cases.append(case)


def probabilities(rows, classes, decimals):
    scores = rng.dirichlet(np.ones(classes), size=rows)
    scores = np.round(scores, decimals)
    scores[:, -1] = np.round(1 - scores[:, :-1].sum(axis=1), decimals)
    return np.abs(scores)


w = np.round(rng.uniform(0, 2, 50), 2)
classification("two classes", rng.integers(0, 2, 50), probabilities(50, 2, 8))
classification("two classes with many ties", rng.integers(0, 2, 50), probabilities(50, 2, 1))
classification("two classes with ties and weights", rng.integers(0, 2, 50), probabilities(50, 2, 1), w)
classification("three classes", rng.integers(0, 3, 50), probabilities(50, 3, 8))
classification("three classes with ties and weights", rng.integers(0, 3, 50), probabilities(50, 3, 1), w)
sure = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
classification("sure and wrong", [0, 1, 1, 0], sure)
classification("sure and right", [0, 1, 0, 1], sure)
classification("one class occurs", [1, 1, 1, 1], probabilities(4, 2, 4))
classification("never the positive class", [0, 1, 0, 1], np.tile([0.8, 0.2], (4, 1)))
classification("a class that does not occur", rng.integers(0, 3, 30), probabilities(30, 4, 6))
regression("numbers", rng.normal(size=40), rng.normal(size=40))
regression("numbers with weights", rng.normal(size=50) + 2, rng.normal(size=50) + 2, w)
regression("a truth of 0", [0.0, 1.0, 2.0], np.array([0.1, 1.0, 2.5]))
regression("a constant truth", [2.0, 2.0, 2.0], np.array([2.0, 2.1, 2.0]))
regression("a constant truth, right", [2.0, 2.0, 2.0], np.array([2.0, 2.0, 2.0]))
regression("one row", [2.0], np.array([2.5]))

Path(__file__).with_suffix(".json").write_text(json.dumps(cases))
