/** A dense matrix, column-major: column j is `data.subarray(j * rows, (j + 1) * rows)`. NaN is missing. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
  /** One name a column. */
  readonly names: readonly string[];
  /**
   * One number a column: 0 for a number; k > 0 for a column of category codes 0..k-1
   * (NaN for missing or never seen), which only estimators with `needs.categories: "native"` get.
   */
  readonly categories: readonly number[];
}

/** Column j, as a view (no copy). */
export function columnView(X: Matrix, j: number): Float64Array {
  return X.data.subarray(j * X.rows, (j + 1) * X.rows);
}

/** The matrix with only the given rows. */
export function takeMatrixRows(X: Matrix, rows: Uint32Array | Int32Array): Matrix {
  const data = new Float64Array(rows.length * X.cols);
  for (let j = 0; j < X.cols; j++) {
    const from = j * X.rows;
    const to = j * rows.length;
    for (let i = 0; i < rows.length; i++) data[to + i] = X.data[from + rows[i]];
  }
  return { ...X, rows: rows.length, data };
}
