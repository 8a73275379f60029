"""Times scikit-learn's usual Pipeline on a small CSV file; a line of JSON for each algorithm, as soon as it is known.

usage: train_model.py FILE TARGET TASK FOLDS ALGORITHM...
"""
import json, statistics, sys, time, warnings
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (ExtraTreesClassifier, ExtraTreesRegressor, HistGradientBoostingClassifier,
                              HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (ElasticNet, Lasso, LinearRegression, LogisticRegression, PoissonRegressor,
                                  QuantileRegressor, Ridge)
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

path, target, task, folds = sys.argv[1:5]
warnings.filterwarnings("ignore")
MODELS = {
    "dummy": (DummyClassifier, DummyRegressor),
    "logistic_regression": (LogisticRegression, None),
    "linear_regression": (None, LinearRegression),
    "ridge": (None, Ridge),
    "lasso": (None, Lasso),
    "elastic_net": (None, ElasticNet),
    "poisson_regression": (None, PoissonRegressor),
    "quantile_regression": (None, QuantileRegressor),
    "gaussian_nb": (GaussianNB, None),
    "bernoulli_nb": (BernoulliNB, None),
    "multinomial_nb": (MultinomialNB, None),
    "k_neighbors": (KNeighborsClassifier, KNeighborsRegressor),
    "svm": (lambda: SVC(probability=True), SVR),
    "mlp": (MLPClassifier, MLPRegressor),
    "decision_tree": (DecisionTreeClassifier, DecisionTreeRegressor),
    "random_forest": (RandomForestClassifier, RandomForestRegressor),
    "extra_trees": (ExtraTreesClassifier, ExtraTreesRegressor),
    "gradient_boosting": (HistGradientBoostingClassifier, HistGradientBoostingRegressor),
}
# Their counts and their trees want numbers as they are.
UNSCALED = ["gaussian_nb", "bernoulli_nb", "multinomial_nb", "decision_tree", "random_forest", "extra_trees",
            "gradient_boosting"]


def pipeline(algorithm):
    make = MODELS[algorithm][0 if task == "classification" else 1]
    scale = [] if algorithm in UNSCALED else [StandardScaler()]
    numbers = make_pipeline(SimpleImputer(strategy="median"), *scale)
    texts = OneHotEncoder(handle_unknown="ignore", max_categories=100, sparse_output=False)
    return make_pipeline(make_column_transformer((numbers, make_column_selector(dtype_include="number")),
                                                 (texts, make_column_selector(dtype_exclude="number"))), make())


TURNS = 3
ENOUGH_S = 3


def median_ms(work):
    """Wall and CPU. Fewer turns when one takes long."""
    walls, cpus = [], []
    while len(walls) < TURNS and sum(walls) < ENOUGH_S:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls) * 1e3, statistics.median(cpus) * 1e3


table = pd.read_csv(path).dropna(subset=[target])
X, y = table.drop(columns=[target]), table[target]
train, _, labels, _ = train_test_split(X, y, test_size=0.2, random_state=0)
for algorithm in sys.argv[5:]:
    if MODELS.get(algorithm, (None, None))[0 if task == "classification" else 1] is None:
        continue
    try:
        fit = median_ms(lambda: pipeline(algorithm).fit(train, labels))
        same = median_ms(lambda: (cross_val_score(pipeline(algorithm), train, labels, cv=int(folds),
                                                  error_score="raise"), pipeline(algorithm).fit(train, labels)))
        print(json.dumps({"algorithm": algorithm, "fit_ms": fit[0], "same_ms": same[0], "same_cpu_ms": same[1]}),
              flush=True)
    except ValueError as error:
        print(f"{algorithm}: {error}", file=sys.stderr)
