/** Mean, spread and skew of the finite numbers of a column, without loss of digits and without overflow. */

export interface Extent {
  /** Finite numbers. */
  count: number;
  infinite: number;
  min: number;
  max: number;
  /** All of them are whole. */
  whole: boolean;
  zeros: number;
  negatives: number;
}

export interface Moments {
  mean: number;
  /** Sample standard deviation, of two numbers at least. */
  std?: number;
  /** As pandas' skew (adjusted Fisher-Pearson), of three different numbers at least. */
  skew?: number;
}

export function extentOf(values: Float64Array): Extent {
  let [count, infinite, min, max, whole, zeros, negatives] = [0, 0, Infinity, -Infinity, true, 0, 0];
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value !== value) continue;
    if (value === Infinity || value === -Infinity) {
      infinite++;
      continue;
    }
    count++;
    if (value < min) min = value;
    if (value > max) max = value;
    if (value === 0) zeros++;
    else if (value < 0) negatives++;
    whole &&= Math.floor(value) === value;
  }
  // Adding 0 makes -0 the 0 that it equals.
  return { count, infinite, min: min + 0, max: max + 0, whole, zeros, negatives };
}

/** @param extent of the same values, with one number at least */
export function momentsOf(values: Float64Array, { count, min, max }: Extent): Moments {
  const scale = largestPowerOfTwo(Math.max(Math.abs(min), Math.abs(max)));
  // Shifted by the smallest, so that dates and other large numbers lose no digits.
  const shift = min / scale;
  let sum = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (isFinite(value)) sum += value / scale - shift;
  }
  const middle = shift + sum / count;
  let [squares, cubes] = [0, 0];
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (!isFinite(value)) continue;
    const away = value / scale - middle;
    squares += away * away;
    cubes += away * away * away;
  }
  const moments: Moments = { mean: middle * scale };
  if (count > 1) {
    moments.std = Math.min(Math.sqrt(squares / (count - 1)) * scale, Number.MAX_VALUE);
  }
  if (count > 2 && squares > 0 && min < max) {
    const skew = count * Math.sqrt(count - 1) / (count - 2) * cubes / squares ** 1.5;
    if (Number.isFinite(skew)) moments.skew = skew;
  }
  return moments;
}

/** 1 for all but huge and tiny numbers: dividing by it costs no digit, and no cube over- or underflows. */
export function largestPowerOfTwo(size: number): number {
  return size === 0 || (size > 1e-90 && size < 1e90) ? 1 : 2 ** Math.max(-1022, Math.floor(Math.log2(size)));
}
