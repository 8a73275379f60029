/**
 * Rows that have a finite value, in the order of their values. The values are sorted, and each row then looks up its place:
 * several times faster than sorting the rows by a comparison.
 */
export function ascending(values: Float64Array): Uint32Array {
  const sorted = new Float64Array(values.length);
  let count = 0;
  for (let row = 0; row < values.length; row++) {
    if (isFinite(values[row])) sorted[count++] = values[row];
  }
  const found = sorted.subarray(0, count).sort();
  const order = new Uint32Array(count);
  const taken = new Uint32Array(count);
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (!isFinite(value)) continue;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (found[middle] < value) low = middle + 1;
      else high = middle;
    }
    order[low + taken[low]++] = row;
  }
  return order;
}
