"""What scikit-learn and LightGBM predict for the rows of each fold, from the others.

usage: accuracy.py REQUEST   (JSON: task, n_classes, columns, y, folds, jobs; each job has peer, params, seed and file)

A file gets (rows * classes) probabilities or (rows) numbers as float64, row-major; one that is there is left alone.
The preparation is that of mlmcp: median and a 0/1 column of what was missing, scaled, one 0/1 column a category.
"""
import json, os, sys, warnings
import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, HistGradientBoostingClassifier,
                              HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (ElasticNet, Lasso, LinearRegression, LogisticRegression, PoissonRegressor,
                                  QuantileRegressor, Ridge)
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.filterwarnings("ignore")
SCALED = ["logistic_regression", "linear_regression", "ridge", "lasso", "elastic_net", "poisson_regression",
          "quantile_regression", "k_neighbors", "svm", "mlp"]
NAIVE = ["gaussian_nb", "bernoulli_nb", "multinomial_nb"]
NATIVE = ["gradient_boosting", "lightgbm"]


def logistic(penalty="l2", **params):
    if penalty == "l1":
        return LogisticRegression(l1_ratio=1, solver="saga", **{**params, "max_iter": 5000})
    return LogisticRegression(**params)


def network(**params):
    return TransformedTargetRegressor(MLPRegressor(**params), transformer=StandardScaler())


CLASSIFIERS = {
    "logistic_regression": lambda seed, **p: logistic(**p), "k_neighbors": lambda seed, **p: KNeighborsClassifier(**p),
    "svm": lambda seed, **p: SVC(probability=True, random_state=seed, **p), "gaussian_nb": lambda seed, **p: GaussianNB(**p),
    "bernoulli_nb": lambda seed, **p: BernoulliNB(**p), "multinomial_nb": lambda seed, **p: MultinomialNB(**p),
    "decision_tree": lambda seed, **p: DecisionTreeClassifier(random_state=seed, **p),
    "random_forest": lambda seed, **p: RandomForestClassifier(random_state=seed, **p),
    "extra_trees": lambda seed, **p: ExtraTreesClassifier(random_state=seed, **p),
    "mlp": lambda seed, **p: MLPClassifier(random_state=seed, **p),
    "gradient_boosting": lambda seed, **p: HistGradientBoostingClassifier(random_state=seed, **p),
    "lightgbm": lambda seed, **p: LGBMClassifier(random_state=seed, n_jobs=1, verbose=-1, **p),
}
REGRESSORS = {
    "linear_regression": lambda seed, **p: LinearRegression(**p), "ridge": lambda seed, **p: Ridge(**p),
    "lasso": lambda seed, **p: Lasso(**p), "elastic_net": lambda seed, **p: ElasticNet(**p),
    "poisson_regression": lambda seed, **p: PoissonRegressor(**p),
    "quantile_regression": lambda seed, **p: QuantileRegressor(**p),
    "k_neighbors": lambda seed, **p: KNeighborsRegressor(**p), "svm": lambda seed, **p: SVR(**p),
    "decision_tree": lambda seed, **p: DecisionTreeRegressor(random_state=seed, **p),
    "random_forest": lambda seed, **p: RandomForestRegressor(random_state=seed, **p),
    "extra_trees": lambda seed, **p: ExtraTreesRegressor(random_state=seed, **p),
    "mlp": lambda seed, **p: network(random_state=seed, **p),
    "gradient_boosting": lambda seed, **p: HistGradientBoostingRegressor(random_state=seed, **p),
    "lightgbm": lambda seed, **p: LGBMRegressor(random_state=seed, n_jobs=1, verbose=-1, **p),
}

request = json.load(open(sys.argv[1]))
isCategory = {c["name"]: c["type"] in ("category", "boolean") for c in request["columns"]}
booleans = [c["name"] for c in request["columns"] if c["type"] == "boolean"]
numbers = [name for name, told in isCategory.items() if not told]
categories = [name for name, told in isCategory.items() if told and name not in booleans]
table = pd.DataFrame({c["name"]: pd.Series(c["values"], dtype=object if isCategory[c["name"]] else float)
                      for c in request["columns"]})
y = np.array(request["y"])
if request["n_classes"]:
    y = y.astype(int)


def preparation(peer, train):
    """Columns that are empty or do not vary in the training rows are left out, as mlmcp does."""
    kept = [c for c in table if train[c].nunique(dropna=False) > 1 and train[c].notna().any()]
    scale = [StandardScaler()] if peer in SCALED else []
    impute = SimpleImputer(strategy="median", add_indicator=peer not in NAIVE)
    return make_column_transformer(
        (make_pipeline(impute, *scale), [c for c in numbers if c in kept]),
        (OneHotEncoder(handle_unknown="ignore", max_categories=100, sparse_output=False),
         [c for c in categories if c in kept]),
        (OneHotEncoder(handle_unknown="ignore", drop="if_binary", sparse_output=False),
         [c for c in booleans if c in kept]),
    )


def native(train):
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=255)
    return make_column_transformer((encode, categories + booleans), ("passthrough", numbers)).fit(train)


def matrices(peer, train, test):
    if peer not in NATIVE:
        prepare = preparation(peer, train).fit(train)
        return prepare.transform(train), prepare.transform(test)
    prepare = native(train)
    return prepare.transform(train), prepare.transform(test)


def fitted(peer, params, seed, X, target):
    model = (CLASSIFIERS if request["n_classes"] else REGRESSORS)[peer](seed, **params)
    own = list(range(len(categories) + len(booleans)))
    if peer == "gradient_boosting":
        return model.set_params(categorical_features=own).fit(X, target)
    if peer == "lightgbm":
        return model.fit(X, target, categorical_feature=own)
    return model.fit(X, target)


for job in request["jobs"]:
    if os.path.exists(job["file"]):
        continue
    width = max(1, request["n_classes"])
    scores = np.zeros((len(y), width))
    try:
        for test in request["folds"]:
            train = np.setdiff1d(np.arange(len(y)), test)
            X, Z = matrices(job["peer"], table.iloc[train], table.iloc[test])
            model = fitted(job["peer"], job["params"], job["seed"], X, y[train])
            if request["n_classes"]:
                scores[np.ix_(test, model.classes_)] = model.predict_proba(Z)
            else:
                scores[test, 0] = model.predict(Z)
    except Exception as error:
        print(f"{job['file']}: {type(error).__name__}: {error}"[:300], file=sys.stderr)
        continue
    scores.tofile(job["file"])
