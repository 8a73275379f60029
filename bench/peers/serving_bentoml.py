"""The same as a BentoML service; MODEL and PORT come from the environment.

usage: bentoml serve bench.peers.serving_bentoml:Model
"""
import os

import bentoml
import joblib
import numpy as np

COLUMNS = [f"x{j}" for j in range(20)]


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Model:
    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL"])
        self.classes = [str(name) for name in self.model.classes_]

    @bentoml.api(route="/predict")
    def predict(self, rows: list[dict[str, float]]) -> dict:
        X = np.array([[row[name] for name in COLUMNS] for row in rows])
        probabilities = self.model.predict_proba(X)
        return {
            "predictions": [self.classes[k] for k in probabilities.argmax(axis=1)],
            "probabilities": [dict(zip(self.classes, row)) for row in probabilities.tolist()],
        }
