/** What the naive Bayes algorithms share: priors, and log likelihoods that become probabilities. */
import { exp, log } from "@/kernels/math.ts";
import { AppError } from "@/shared/errors.ts";

/** log x, and -Infinity for 0. */
export function logOf(x: number): number {
  return x > 0 ? log(x) : -Infinity;
}

/** Log likelihoods (rows * classes) to probabilities; the priors where every class is infinitely unlikely. */
export function normalizeRows(logs: Float64Array, prior: Float64Array): void {
  const classes = prior.length;
  for (let from = 0; from < logs.length; from += classes) {
    let most = -Infinity;
    for (let k = 0; k < classes; k++) most = Math.max(most, logs[from + k]);
    if (most === -Infinity) {
      logs.set(prior, from);
      continue;
    }
    let sum = 0;
    for (let k = from; k < from + classes; k++) {
      const far = logs[k] - most;
      sum += logs[k] = far < -700 ? 0 : exp(far);
    }
    for (let k = from; k < from + classes; k++) logs[k] /= sum;
  }
}

/**
 * @param given one a class, or null: as in the training rows
 * @param counts weight of each class in training
 * @throws AppError invalid_argument naming the parameter, where they are no probabilities of the classes
 */
export function priorOf(
  given: number[] | null,
  counts: Float64Array,
  algorithm: string,
  parameter: string,
): Float64Array {
  if (given === null) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => count / total);
  }
  const sum = given.reduce((a, b) => a + b, 0);
  if (given.length !== counts.length || Math.abs(sum - 1) > 1e-8) {
    throw new AppError(
      "invalid_argument",
      `Cannot train ${algorithm}: parameter ${parameter} has ${given.length} numbers with sum ${sum}`,
      { hint: `Give ${counts.length} numbers, one a class, with sum 1.` },
    );
  }
  return Float64Array.from(given);
}
