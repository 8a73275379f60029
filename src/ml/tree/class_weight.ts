/**
 * One weight a row such that all classes that occur weigh the same: n / (classes * rows of the class).
 *
 * Source: https://scikit-learn.org/stable/modules/generated/sklearn.utils.class_weight.compute_class_weight.html
 * @param y (rows) class indices
 * @param counts (rows) how often each row counts; absent: once
 */
export function balancedWeights(y: Float64Array, n_classes: number, counts?: Float64Array): Float64Array {
  const sums = new Float64Array(n_classes);
  let total = 0;
  for (let i = 0; i < y.length; i++) {
    const count = counts === undefined ? 1 : counts[i];
    sums[y[i]] += count;
    total += count;
  }
  let present = 0;
  for (let k = 0; k < n_classes; k++) if (sums[k] > 0) present++;
  const weights = new Float64Array(y.length);
  for (let i = 0; i < y.length; i++) {
    const sum = sums[y[i]];
    weights[i] = sum > 0 ? total / (present * sum) : 0;
  }
  return weights;
}

/** The product of two weights a row, either of which may be absent. */
export function multiplyWeights(
  a: Float64Array | undefined,
  b: Float64Array | undefined,
): Float64Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const product = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) product[i] = a[i] * b[i];
  return product;
}
