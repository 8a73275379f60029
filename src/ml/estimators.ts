/** The table of algorithms. A new algorithm is one file and one line here. */
import { AppError } from "@/shared/errors.ts";
import { dummy } from "./dummy/dummy.ts";
import { extraTrees } from "./ensemble/extra_trees.ts";
import { gradientBoosting } from "./ensemble/gradient_boosting.ts";
import { randomForest } from "./ensemble/random_forest.ts";
import type { Estimator } from "./estimator.ts";
import { elasticNet } from "./linear_model/elastic_net.ts";
import { lasso } from "./linear_model/lasso.ts";
import { linearRegression } from "./linear_model/linear_regression.ts";
import { logisticRegression } from "./linear_model/logistic_regression.ts";
import { poissonRegression } from "./linear_model/poisson_regression.ts";
import { quantileRegression } from "./linear_model/quantile_regression.ts";
import { ridge } from "./linear_model/ridge.ts";
import { bernoulliNb } from "./naive_bayes/bernoulli_nb.ts";
import { gaussianNb } from "./naive_bayes/gaussian_nb.ts";
import { multinomialNb } from "./naive_bayes/multinomial_nb.ts";
import { kNeighbors } from "./neighbors/k_neighbors.ts";
import { mlp } from "./neural_network/mlp.ts";
import { svm } from "./svm/svm.ts";
import { decisionTree } from "./tree/decision_tree.ts";

export const ESTIMATORS: readonly Estimator[] = [
  dummy,
  linearRegression,
  ridge,
  lasso,
  elasticNet,
  poissonRegression,
  quantileRegression,
  logisticRegression,
  kNeighbors,
  svm,
  gaussianNb,
  bernoulliNb,
  multinomialNb,
  decisionTree,
  randomForest,
  extraTrees,
  gradientBoosting,
  mlp,
];

/** @throws AppError not_found, naming the algorithms there are */
export function estimatorOf(name: string): Estimator {
  const found = ESTIMATORS.find((estimator) => estimator.name === name);
  if (found) return found;
  throw new AppError("not_found", `Cannot find algorithm "${name}": there is none of that name`, {
    hint: `Algorithms: ${ESTIMATORS.map((estimator) => estimator.name).join(", ")}`,
  });
}
