import { compareWithReference } from "./compare_with_reference.ts";

compareWithReference("estimators.json", {
  // lbfgs of scikit-learn stops when rounding hides the descent, at 1e-7 of the optimum.
  logistic_regression: 2e-6,
  // A constant column has log likelihoods of 1e8, whose rounding reaches the probabilities.
  gaussian_nb: 1e-8,
});
