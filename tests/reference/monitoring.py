"""Writes monitoring.json: what scipy says of the same counts. Run: python tests/reference/monitoring.py"""

import json
import pathlib

import numpy as np
from scipy import special, stats

rng = np.random.default_rng(0)
out = {"gamma_q": [], "kolmogorov": [], "ks": [], "chi_squared": [], "psi": []}

for a in [0.5, 1, 2.5, 10, 40, 200]:
    for x in [1e-6, 0.1, 1, 3, 9.5, 25, 80, 250, 700]:
        out["gamma_q"].append([a, x, float(special.gammaincc(a, x))])
for t in [0.05, 0.2, 0.4, 0.7, 1.0, 1.17, 1.18, 1.19, 1.5, 2, 3, 5]:
    out["kolmogorov"].append([t, float(special.kolmogorov(t))])

# On whole numbers, so that counting in bins of one value each loses nothing.
for n, m, shift in [(200, 300, 0), (1000, 400, 0), (500, 500, 1), (2000, 150, 2), (80, 60, 3)]:
    a = rng.integers(0, 40, n)
    b = np.clip(rng.integers(0, 40, m) + shift, 0, 60)
    counts = [np.bincount(v, minlength=61).tolist() for v in (a, b)]
    found = stats.ks_2samp(a, b, method="asymp")
    out["ks"].append({"counts": counts, "statistic": float(found.statistic), "p_value": float(found.pvalue)})

for n, m in [(300, 200), (5000, 1000), (120, 900)]:
    p = rng.dirichlet(np.full(8, 5))
    for q in [p, rng.dirichlet(np.full(8, 5))]:
        counts = np.stack([rng.multinomial(n, p), rng.multinomial(m, q)])
        # All bins with at least five expected rows, so nothing is taken together.
        if (counts.sum(0) * min(n, m) / (n + m)).min() < 5:
            continue
        found = stats.chi2_contingency(counts, correction=False)
        out["chi_squared"].append(
            {"counts": counts.tolist(), "statistic": float(found.statistic), "p_value": float(found.pvalue)}
        )
        share = (counts + 0.5) / (counts + 0.5).sum(1, keepdims=True)
        psi = float(((share[1] - share[0]) * np.log(share[1] / share[0])).sum())
        # The same as both Kullback-Leibler divergences together.
        assert abs(psi - stats.entropy(share[1], share[0]) - stats.entropy(share[0], share[1])) < 1e-12
        out["psi"].append({"counts": counts.tolist(), "psi": psi})

path = pathlib.Path(__file__).with_name("monitoring.json")
path.write_text(json.dumps(out) + "\n")
