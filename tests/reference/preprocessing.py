"""Numbers of scikit-learn for tests/ml/preprocessing/preprocessing_reference_test.ts. Writes preprocessing.json.

Run with Python 3.11, scikit-learn 1.9.1, numpy: python preprocessing.py
"""
import json
from pathlib import Path

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

rng = np.random.default_rng(11)
cases = []


def number(name, transformer, make, train, test):
    model = make.fit(np.array(train)[:, None])
    out = model.transform(np.array(test)[:, None])
    cases.append(dict(name=name, transformer=transformer, train=nulls(train), test=nulls(test),
                      expected=out.T.tolist()))


def nulls(values):
    return [None if isinstance(v, float) and np.isnan(v) else v for v in values]


def impute():
    return SimpleImputer(strategy="median", add_indicator=True)


nan = float("nan")
some = [float(x) for x in np.round(rng.normal(5, 3, 31), 3)]
holes = [nan if i % 5 == 0 else x for i, x in enumerate(some)]
even = [nan, 1.0, 2.0, 4.0, 10.0]
test = [0.0, 5.5, -3.0, 100.0]
number("no missing", "simple_imputer", impute(), some, test)
number("missing", "simple_imputer", impute(), holes, test + [nan])
number("missing, even count", "simple_imputer", impute(), even, [nan, 1.0])
number("scaled", "standard_scaler", make_pipeline(impute(), StandardScaler()), some, test)
number("scaled, missing", "standard_scaler", make_pipeline(impute(), StandardScaler()), holes, test + [nan])
number("scaled, far from 0", "standard_scaler", make_pipeline(impute(), StandardScaler()),
       [x + 1e8 for x in some], [1e8, 1e8 + 3])
number("scaled, constant", "standard_scaler", make_pipeline(impute(), StandardScaler()), [0.1] * 7, [0.1, 0.3])


def coded(name, transformer, model, train, test):
    model.fit(np.array([nan if v is None else v for v in train], dtype=object)[:, None])
    out = model.transform(np.array([nan if v is None else v for v in test], dtype=object)[:, None])
    out = out.toarray() if hasattr(out, "toarray") else out
    cases.append(dict(name=name, transformer=transformer, train=train, test=test,
                      expected=[nulls(col) for col in out.T.tolist()]))


plain = ["b", "a", "c", "b", "Z", "é", "10", "9"]
coded("one-hot", "one_hot_encoder", OneHotEncoder(handle_unknown="ignore"), plain, plain + ["never seen"])
coded("one-hot, missing", "one_hot_encoder", OneHotEncoder(handle_unknown="ignore"),
      ["b", None, "a", "b"], ["a", "b", None, "x"])
many = [f"level {int(k):03d}" for k in rng.zipf(1.3, 3000) % 150]
coded("one-hot, more than 100 levels", "one_hot_encoder",
      OneHotEncoder(handle_unknown="ignore", max_categories=100), many, sorted(set(many)) + ["never seen"])
coded("ordinal", "ordinal_encoder", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=nan),
      plain, plain + ["never seen"])
coded("ordinal, missing", "ordinal_encoder",
      OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=nan),
      ["b", None, "a", "b"], ["a", "b", None, "x"])

Path(__file__).with_suffix(".json").write_text(json.dumps(cases, ensure_ascii=False))
