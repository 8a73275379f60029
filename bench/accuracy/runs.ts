/** What is compared: algorithms, their parameters, and the peers that take the same. */
import type { Task } from "@/ml/estimator.ts";

export interface Run {
  algorithm: string;
  tasks: Task[];
  /** Those that differ from the defaults. */
  params?: Record<string, unknown>;
  /** Names in bench/peers/accuracy.py; default: scikit-learn's estimator of that name. */
  peers?: string[];
  /** Chance plays a part: means over several seeds are compared. */
  isRandom?: boolean;
  /** More rows take the peer too long. */
  rows?: number;
}

const BOTH: Task[] = ["classification", "regression"];

export const RUNS: Run[] = [
  { algorithm: "logistic_regression", tasks: ["classification"] },
  {
    algorithm: "logistic_regression",
    tasks: ["classification"],
    params: { penalty: "l1", C: 0.3, max_iter: 2000, tol: 1e-5 },
    rows: 1600,
  },
  { algorithm: "linear_regression", tasks: ["regression"] },
  { algorithm: "ridge", tasks: ["regression"] },
  { algorithm: "lasso", tasks: ["regression"], params: { alpha: 0.1 } },
  { algorithm: "elastic_net", tasks: ["regression"], params: { alpha: 0.1 } },
  { algorithm: "poisson_regression", tasks: ["regression"] },
  { algorithm: "poisson_regression", tasks: ["regression"], params: { alpha: 0.001, max_iter: 300 } },
  { algorithm: "quantile_regression", tasks: ["regression"], rows: 1500 },
  {
    algorithm: "quantile_regression",
    tasks: ["regression"],
    params: { alpha: 0, quantile: 0.7 },
    rows: 3000,
  },
  { algorithm: "k_neighbors", tasks: BOTH },
  { algorithm: "k_neighbors", tasks: BOTH, params: { n_neighbors: 15, weights: "distance" } },
  { algorithm: "gaussian_nb", tasks: ["classification"] },
  { algorithm: "bernoulli_nb", tasks: ["classification"] },
  { algorithm: "multinomial_nb", tasks: ["classification"] },
  { algorithm: "svm", tasks: BOTH, isRandom: true, rows: 3000 },
  { algorithm: "svm", tasks: BOTH, params: { kernel: "linear", C: 0.1 }, isRandom: true, rows: 1600 },
  { algorithm: "decision_tree", tasks: BOTH, isRandom: true },
  { algorithm: "decision_tree", tasks: BOTH, params: { min_samples_leaf: 10 }, isRandom: true },
  { algorithm: "random_forest", tasks: BOTH, isRandom: true, rows: 3000 },
  { algorithm: "random_forest", tasks: BOTH, params: { min_samples_leaf: 5 }, isRandom: true, rows: 3000 },
  { algorithm: "extra_trees", tasks: BOTH, isRandom: true, rows: 3000 },
  { algorithm: "gradient_boosting", tasks: BOTH, peers: ["gradient_boosting", "lightgbm"] },
  {
    algorithm: "gradient_boosting",
    tasks: BOTH,
    params: { early_stopping: true, max_iter: 300 },
    isRandom: true,
  },
  {
    algorithm: "gradient_boosting",
    tasks: ["regression"],
    params: { loss: "absolute_error" },
    peers: ["gradient_boosting"],
  },
  { algorithm: "mlp", tasks: BOTH, isRandom: true, rows: 3000 },
  { algorithm: "mlp", tasks: BOTH, params: { early_stopping: true }, isRandom: true, rows: 6000 },
];

/** A name for tables and files. */
export function nameOf({ algorithm, params }: Run): string {
  const told = Object.entries(params ?? {}).map(([key, value]) => `${key}=${value}`);
  return [algorithm, ...told].join(" ");
}
