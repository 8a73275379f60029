"""The app that people write: FastAPI and uvicorn around a joblib file.

usage: serving_fastapi.py MODEL.joblib PORT
"""
import sys

import joblib
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

model = joblib.load(sys.argv[1])
classes = [str(name) for name in model.classes_]
COLUMNS = [f"x{j}" for j in range(20)]
app = FastAPI()


class Body(BaseModel):
    rows: list[dict[str, float]]


@app.post("/predict")
def predict(body: Body):
    X = np.array([[row[name] for name in COLUMNS] for row in body.rows])
    probabilities = model.predict_proba(X)
    return {
        "predictions": [classes[k] for k in probabilities.argmax(axis=1)],
        "probabilities": [dict(zip(classes, row)) for row in probabilities.tolist()],
    }


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error", access_log=False)
