"""Scores of whole scikit-learn pipelines for tests/ml/pipeline_reference_test.ts. Writes pipelines.json.

Five real sets that come with scikit-learn, made harder where they have none of it: iris gets a category (its
widest petals' quartile as text) and missing values. The test rows are every fourth.
Run with Python 3.11, scikit-learn 1.9.1, pandas, numpy: python pipelines.py
"""
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, HistGradientBoostingClassifier,
                              HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.simplefilter("ignore")
rng = np.random.default_rng(5)


def mixed_iris():
    frame, y = datasets.load_iris(return_X_y=True, as_frame=True)
    names = ["narrow", "middling", "wide", "widest"]
    frame["width"] = [names[k] for k in pd.qcut(frame["petal width (cm)"], 4, labels=False)]
    frame.loc[rng.random(150) < 0.1, "width"] = None
    frame = frame.drop(columns="petal width (cm)")
    for column in frame.columns[:2]:
        frame.loc[rng.random(150) < 0.15, column] = np.nan
    return frame, y


def first_digits():
    frame, y = datasets.load_digits(return_X_y=True, as_frame=True)
    return frame[:700], y[:700]


SETS = dict(
    iris_mixed=(mixed_iris(), "classification"),
    wine=(datasets.load_wine(return_X_y=True, as_frame=True), "classification"),
    breast_cancer=(datasets.load_breast_cancer(return_X_y=True, as_frame=True), "classification"),
    digits=(first_digits(), "classification"),
    diabetes=(datasets.load_diabetes(return_X_y=True, as_frame=True), "regression"),
)


def prepare(scale, indicator=True):
    steps = [SimpleImputer(strategy="median", add_indicator=indicator)] + ([StandardScaler()] if scale else [])
    return make_column_transformer(
        (make_pipeline(*steps), make_column_selector(dtype_include=np.number)),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude=np.number)))


def native():
    return make_column_transformer(
        ("passthrough", make_column_selector(dtype_include=np.number)),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
         make_column_selector(dtype_exclude=np.number)))


CLASSIFIERS = dict(
    logistic_regression=lambda seed: make_pipeline(prepare(True), LogisticRegression()),
    k_neighbors=lambda seed: make_pipeline(prepare(True), KNeighborsClassifier()),
    gaussian_nb=lambda seed: make_pipeline(prepare(False, indicator=False), GaussianNB()),
)
REGRESSORS = dict(
    linear_regression=lambda seed: make_pipeline(prepare(True), LinearRegression()),
    ridge=lambda seed: make_pipeline(prepare(True), Ridge()),
    k_neighbors=lambda seed: make_pipeline(prepare(True), KNeighborsRegressor()),
)
# Chance decides in these, so the mean over seeds is what can be compared.
RANDOM_CLASSIFIERS = dict(
    decision_tree=lambda seed: make_pipeline(prepare(False), DecisionTreeClassifier(random_state=seed)),
    random_forest=lambda seed: make_pipeline(prepare(False), RandomForestClassifier(random_state=seed)),
    extra_trees=lambda seed: make_pipeline(prepare(False), ExtraTreesClassifier(random_state=seed)),
    gradient_boosting=lambda seed: make_pipeline(native(), HistGradientBoostingClassifier(random_state=seed)),
)
RANDOM_REGRESSORS = dict(
    decision_tree=lambda seed: make_pipeline(prepare(False), DecisionTreeRegressor(random_state=seed)),
    random_forest=lambda seed: make_pipeline(prepare(False), RandomForestRegressor(random_state=seed)),
    extra_trees=lambda seed: make_pipeline(prepare(False), ExtraTreesRegressor(random_state=seed)),
    gradient_boosting=lambda seed: make_pipeline(native(), HistGradientBoostingRegressor(random_state=seed)),
)


def scores(make, seeds, task, train, test):
    found = []
    for seed in range(seeds):
        model = make(seed).fit(*train)
        if task == "regression":
            found.append(dict(r2=r2_score(test[1], model.predict(test[0]))))
        else:
            found.append(dict(accuracy=accuracy_score(test[1], model.predict(test[0])),
                              log_loss=log_loss(test[1], model.predict_proba(test[0]))))
    means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    # Spread between seeds, so that the test knows how far two means may lie apart by chance.
    deviations = {f"{name}_std": float(np.std([one[name] for one in found])) for name in found[0]}
    return means | (deviations if seeds > 1 else {})


def clean(values):
    return [None if v is None or v != v else v for v in values.tolist()]


result = []
for name, ((frame, y), task) in SETS.items():
    rows = np.arange(len(frame))
    test_rows = rows % 4 == 3
    train = frame[~test_rows], y[~test_rows]
    test = frame[test_rows], y[test_rows]
    regression = task == "regression"
    exact = {k: scores(make, 1, task, train, test)
             for k, make in (REGRESSORS if regression else CLASSIFIERS).items()}
    chance = {k: scores(make, 10, task, train, test)
              for k, make in (RANDOM_REGRESSORS if regression else RANDOM_CLASSIFIERS).items()}
    columns = [dict(name=str(c), values=clean(frame[c])) for c in frame.columns]
    result.append(dict(name=name, task=task, columns=columns, target=clean(y), exact=exact, chance=chance))

Path(__file__).with_suffix(".json").write_text(json.dumps(result, separators=(",", ":")))
