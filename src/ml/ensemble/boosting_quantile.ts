/** Quantiles of the residuals in a leaf. */

/** The weighted median; halfway between two values where the weights are even. */
export function median(values: Float64Array, weight: Float64Array | undefined): number {
  const n = values.length;
  if (weight !== undefined) return weightedQuantile(values, weight, 0.5, true);
  const sorted = values.slice().sort();
  return n % 2 === 1 ? sorted[(n - 1) / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

/** As numpy's `percentile`: between two values by their distance; with weights the first value that reaches the share. */
export function quantile(values: Float64Array, weight: Float64Array | undefined, share: number): number {
  if (weight !== undefined) return weightedQuantile(values, weight, share, false);
  const sorted = values.slice().sort();
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  if (low + 1 >= sorted.length) return sorted[sorted.length - 1];
  return sorted[low] + (sorted[low + 1] - sorted[low]) * (position - low);
}

function weightedQuantile(
  values: Float64Array,
  weight: Float64Array,
  share: number,
  isHalved: boolean,
): number {
  const order: number[] = [];
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    if (weight[i] === 0) continue;
    order.push(i);
    total += weight[i];
  }
  if (order.length === 0) return 0;
  order.sort((a, b) => values[a] - values[b]);
  const target = total * share;
  let sum = 0;
  for (let k = 0; k < order.length; k++) {
    sum += weight[order[k]];
    if (sum < target) continue;
    const even = isHalved && sum - target <= Number.EPSILON && k + 1 < order.length;
    return even ? values[order[k]] / 2 + values[order[k + 1]] / 2 : values[order[k]];
  }
  return values[order[order.length - 1]];
}
