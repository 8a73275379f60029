"""Numbers of pandas, numpy, scipy and scikit-learn for tests/dataset/profile/reference_test.ts. Writes profiles.json.

Run with Python 3.11, pandas 3.1.1, scikit-learn 1.9.1, scipy 1.17.1: python profiles.py
"""
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

HERE = Path(__file__).parent
SAMPLES = HERE / "../../src/dataset/samples"
SHARES = {"p5": .05, "p25": .25, "p50": .5, "p75": .75, "p95": .95}


def number(x):
    present = x.dropna()
    values = present.to_numpy(dtype=float)
    out = dict(missing=int(x.isna().sum()), distinct=int(x.nunique()), min=float(x.min()), max=float(x.max()),
               mean=float(x.mean()), std=float(x.std()), skew=float(x.skew()),
               zeros=int((present == 0).sum()), negatives=int((present < 0).sum()),
               quantiles={k: float(x.quantile(q)) for k, q in SHARES.items()})
    if not (values == np.floor(values)).all():
        # numpy's own choice of bins, which has no upper limit.
        bins = min(30, len(np.histogram_bin_edges(values, bins="auto")) - 1)
        counts, edges = np.histogram(values, bins=bins)
        out["histogram"] = {"from": edges[0], "to": edges[-1], "counts": counts.tolist()}
    else:
        out["counts"] = {int(k): int(v) for k, v in x.value_counts().items()}
    return out


def words(x):
    counts = x.value_counts()
    length = x.dropna().astype(str).str.len()
    return dict(missing=int(x.isna().sum()), distinct=int(x.nunique()), top=[int(c) for c in counts[:10]],
                lengths=dict(min=int(length.min()), p50=float(length.median()), mean=float(length.mean()),
                             max=int(length.max())))


def cramers_v(a, b):
    table = pd.crosstab(a, b)
    n = table.to_numpy().sum()
    phi2 = chi2_contingency(table, correction=False)[0] / n
    r, k = table.shape
    phi2 = max(0, phi2 - (r - 1) * (k - 1) / (n - 1))
    return float(np.sqrt(phi2 / min(r - (r - 1) ** 2 / (n - 1) - 1, k - (k - 1) ** 2 / (n - 1) - 1)))


def information(a, b):
    """What chance takes off, exactly (hypergeometric); missing is a value."""
    a, b = a.astype(str).fillna("missing"), b.astype(str)
    contingency = contingency_matrix(b, a, sparse=True)
    chance = expected_mutual_information(contingency, len(a))
    share = b.value_counts(normalize=True)
    entropy = -(share * np.log(share)).sum()
    corrected = max(0, mutual_info_score(a, b) - chance)
    return dict(mutual_information=float(corrected), share=float(corrected / entropy))


def table(name, target, categories, classes):
    frame = pd.read_csv(SAMPLES / f"{name}.csv")
    numbers = [c for c in frame if pd.api.types.is_numeric_dtype(frame[c])]
    texts = [c for c in frame if c not in numbers and c != "date"]
    pearson, spearman = frame[numbers].corr(), frame[numbers].corr("spearman")
    pairs = [(a, b) for i, a in enumerate(numbers) for b in numbers[i + 1:]]
    out = dict(name=name, target=target, rows=len(frame), duplicates=int(frame.duplicated().sum()),
               numbers={c: number(frame[c]) for c in numbers}, words={c: words(frame[c]) for c in texts},
               pearson=[[a, b, float(pearson.loc[a, b])] for a, b in pairs],
               spearman=[[a, b, float(spearman.loc[a, b])] for a, b in pairs],
               cramers_v=[[a, b, cramers_v(frame[a], frame[b])] for i, a in enumerate(categories)
                          for b in categories[i + 1:]])
    if classes:
        out["information"] = {c: information(frame[c], frame[target]) for c in categories if c != target}
    return out


tables = [
    table("titanic", "survived", ["survived", "sex", "embarked"], True),
    table("penguins", "species", ["species", "island", "sex"], True),
    table("auto_mpg", "mpg", [], False),
    table("seattle_weather", "weather", [], False),
]
(HERE / "profiles.json").write_text(json.dumps(tables, indent=1) + "\n")
