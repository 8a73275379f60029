import type { Truth } from "../metric.ts";
import { predictedClass, weightAt } from "./truth.ts";

/**
 * How often each class was taken for which.
 *
 * Source: https://scikit-learn.org/stable/modules/generated/sklearn.metrics.confusion_matrix.html
 * @returns (n_classes, n_classes): row = true class, column = predicted class, sum of the weights
 */
export function confusionMatrix(truth: Truth): number[][] {
  const matrix = Array.from(
    { length: truth.n_classes },
    () => new Array<number>(truth.n_classes).fill(0),
  );
  for (let i = 0; i < truth.y.length; i++) {
    matrix[truth.y[i]][predictedClass(truth, i)] += weightAt(truth, i);
  }
  return matrix;
}
