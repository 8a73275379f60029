/** @param values without NaN; not changed. @returns 0 for none */
export function medianOf(values: Float64Array): number {
  const { length } = values;
  if (length === 0) return 0;
  const sorted = values.slice().sort();
  const middle = length >> 1;
  return length % 2 === 1 ? sorted[middle] : sorted[middle - 1] / 2 + sorted[middle] / 2;
}
