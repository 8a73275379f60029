"""Numbers of scikit-learn for tests/ml/naive_bayes/naive_bayes_reference_test.ts. Writes naive_bayes.json beside it.

Run with Python 3.11, scikit-learn 1.9.1, numpy: python naive_bayes.py
"""
import warnings

import numpy as np
from sklearn.naive_bayes import BernoulliNB, MultinomialNB

from cases import Cases

warnings.filterwarnings("ignore")
cases = Cases(41)
rng = cases.rng
y = rng.integers(0, 3, 70)
y[:3] = [0, 1, 2]
rates = rng.gamma(1.0, 3.0, size=(3, 5))
counts = rng.poisson(rates[y]).astype(float)
test = rng.poisson(rates[[0, 1, 2, 0, 1, 2]]).astype(float)
w = cases.weights(70)
yes = (rng.random((70, 5)) < rng.random((3, 5))[y]).astype(float)
numbers = np.round(rng.normal(size=(70, 5)), 4)
for name, algorithm, model, X, given in (
    ("counts", "multinomial_nb", MultinomialNB, counts, {}),
    ("little smoothing", "multinomial_nb", MultinomialNB, counts, dict(alpha=0.01)),
    ("no smoothing", "multinomial_nb", MultinomialNB, counts, dict(alpha=1e-10)),
    ("same priors", "multinomial_nb", MultinomialNB, counts, dict(fit_prior=False)),
    ("given priors", "multinomial_nb", MultinomialNB, counts, dict(class_prior=[0.5, 0.2, 0.3])),
    ("yes or no", "bernoulli_nb", BernoulliNB, yes, {}),
    ("numbers, cut at 0", "bernoulli_nb", BernoulliNB, numbers, {}),
    ("numbers, cut at 0.5", "bernoulli_nb", BernoulliNB, numbers, dict(binarize=0.5, alpha=0.1)),
    ("given priors", "bernoulli_nb", BernoulliNB, yes, dict(class_prior=[0.1, 0.1, 0.8])),
):
    queries = test if algorithm == "multinomial_nb" else None
    cases.add(name, algorithm, model(**given), given, X, y, test=queries)
    cases.add(f"{name}, weights", algorithm, model(**given), given, X, y, w, test=queries)
cases.write(__file__)
