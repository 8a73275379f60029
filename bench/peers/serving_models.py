"""Trains the peers' models on the CSV given, and writes each with joblib: DIR/<name>.joblib.

usage: serving_models.py CSV DIR
"""
import sys

import joblib
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

table = pd.read_csv(sys.argv[1])
y = table.pop("y")
X = table.to_numpy()
MODELS = {
    "logistic_regression": make_pipeline(StandardScaler(), LogisticRegression()),
    "random_forest": RandomForestClassifier(n_estimators=100, random_state=0, n_jobs=1),
    "gradient_boosting": LGBMClassifier(n_estimators=100, random_state=0, n_jobs=1, verbose=-1),
}
for name, model in MODELS.items():
    joblib.dump(model.fit(X, y), f"{sys.argv[2]}/{name}.joblib")
