"""Fits one scikit-learn model on one data set and prints seconds and test score as JSON.

usage: fit.py DATA ALGORITHM TASK REPEATS PARAMS   (DATA: header line of JSON, then float64 rows: features..., target)
"""
import json, sys, time, warnings
import numpy as np
import pandas as pd
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, HistGradientBoostingClassifier,
                              HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor)
from sklearn.linear_model import (ElasticNet, Lasso, LinearRegression, LogisticRegression, PoissonRegressor,
                                  QuantileRegressor, Ridge)
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

path, algorithm, task = sys.argv[1:4]
with open(path, "rb") as file:
    head = json.loads(file.readline())
    data = np.frombuffer(file.read(), dtype="<f8").reshape(head["rows"], head["cols"])
params = json.loads(sys.argv[5]) if len(sys.argv) > 5 else {}
train = head["train"]
# As users give it: a table of columns.
X, y = pd.DataFrame({f"x{j}": data[:, j].copy() for j in range(data.shape[1] - 1)}), data[:, -1]


def scaled(kind):
    return lambda: make_pipeline(StandardScaler(), kind(**params))


if algorithm == "svm":
    params.pop("probability", None)
warnings.filterwarnings("ignore")
models = {
    "linear_regression": (None, scaled(LinearRegression)),
    "lasso": (None, scaled(Lasso)),
    "elastic_net": (None, scaled(ElasticNet)),
    "poisson_regression": (None, scaled(PoissonRegressor)),
    "quantile_regression": (None, scaled(QuantileRegressor)),
    "svm": (scaled(SVC), scaled(SVR)),
    "mlp": (scaled(MLPClassifier), scaled(MLPRegressor)),
    "bernoulli_nb": (BernoulliNB, None),
    "multinomial_nb": (MultinomialNB, None),
    "logistic_regression": (lambda: make_pipeline(StandardScaler(), LogisticRegression()), None),
    "ridge": (None, lambda: make_pipeline(StandardScaler(), Ridge())),
    "gaussian_nb": (GaussianNB, None),
    "k_neighbors": (lambda: make_pipeline(StandardScaler(), KNeighborsClassifier()),
                    lambda: make_pipeline(StandardScaler(), KNeighborsRegressor())),
    "decision_tree": (lambda: DecisionTreeClassifier(random_state=0), lambda: DecisionTreeRegressor(random_state=0)),
    "random_forest": (lambda: RandomForestClassifier(random_state=0, n_jobs=1),
                      lambda: RandomForestRegressor(random_state=0, n_jobs=1)),
    "extra_trees": (lambda: ExtraTreesClassifier(random_state=0, n_jobs=1),
                    lambda: ExtraTreesRegressor(random_state=0, n_jobs=1)),
    "gradient_boosting": (lambda: HistGradientBoostingClassifier(random_state=0, early_stopping=False),
                          lambda: HistGradientBoostingRegressor(random_state=0, early_stopping=False)),
}
make = models[algorithm][0 if task == "classification" else 1]
best = predict = float("inf")
least, most, seconds = (float(word) for word in sys.argv[4].split(",")) if len(sys.argv) > 4 else (1, 1, 0)
begun = time.perf_counter()
count = 0
while count < least or count < most and time.perf_counter() - begun < seconds:
    count += 1
    model = make()
    start = time.perf_counter()
    model.fit(X.iloc[:train], y[:train])
    best = min(best, time.perf_counter() - start)
    start = time.perf_counter()
    # What ours gives: probabilities, where the model has them.
    (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(X.iloc[train:])
    predict = min(predict, time.perf_counter() - start)
if algorithm == "poisson_regression":
    from sklearn.metrics import r2_score
    score = r2_score(y[train:], model.predict(X.iloc[train:]))
else:
    score = model.score(X.iloc[train:], y[train:])
print(json.dumps({"seconds": best, "predict_seconds": predict, "score": score}))
