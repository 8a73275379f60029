/**
 * How closely two columns of categories go together, 0 to 1, over the rows that have both.
 *
 * Source: Bergsma, "A bias-correction for Cramér's V and Tschuprow's T" (2013).
 */
export function cramersV(a: Int32Array, b: Int32Array, sizeA: number, sizeB: number): number {
  const table = new Int32Array(sizeA * sizeB);
  const sumsA = new Int32Array(sizeA);
  const sumsB = new Int32Array(sizeB);
  let n = 0;
  for (let row = 0; row < a.length; row++) {
    if (a[row] < 0 || b[row] < 0) continue;
    table[a[row] * sizeB + b[row]]++;
    sumsA[a[row]]++;
    sumsB[b[row]]++;
    n++;
  }
  const rows = sumsA.filter((sum) => sum > 0).length;
  const columns = sumsB.filter((sum) => sum > 0).length;
  if (n < 2 || rows < 2 || columns < 2) return NaN;
  // Chi-squared over n.
  let phi2 = -1;
  for (let i = 0; i < sizeA; i++) {
    for (let j = 0; j < sizeB; j++) {
      const count = table[i * sizeB + j];
      if (count > 0) phi2 += count * count / (sumsA[i] * sumsB[j]);
    }
  }
  const corrected = Math.max(0, phi2 - (rows - 1) * (columns - 1) / (n - 1));
  const fewer = Math.min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1;
  return fewer <= 0 ? NaN : Math.min(1, Math.sqrt(corrected / fewer));
}
