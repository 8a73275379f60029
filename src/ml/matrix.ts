/** A dense matrix, column-major: column j is `data.subarray(j * rows, (j + 1) * rows)`. NaN is missing. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
  /** The columns where they stand apart, as in a table; `data` is then made when it is asked for. */
  readonly columns?: readonly Float64Array[];
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
  return X.columns?.[j] ?? X.data.subarray(j * X.rows, (j + 1) * X.rows);
}

/** A matrix of columns that stand apart. */
export function matrixOfColumns(
  rows: number,
  columns: readonly Float64Array[],
  names: readonly string[],
  categories: readonly number[],
): Matrix {
  let joined: Float64Array | undefined;
  return {
    rows,
    cols: columns.length,
    columns,
    names,
    categories,
    get data() {
      if (joined === undefined) {
        joined = new Float64Array(rows * columns.length);
        for (const [j, column] of columns.entries()) joined.set(column, j * rows);
      }
      return joined;
    },
  };
}

/** The matrix with only the given rows. */
export function takeMatrixRows(X: Matrix, rows: Uint32Array | Int32Array): Matrix {
  const { cols, names, categories } = X;
  const data = new Float64Array(rows.length * cols);
  for (let j = 0; j < cols; j++) {
    const column = columnView(X, j);
    const to = j * rows.length;
    for (let i = 0; i < rows.length; i++) data[to + i] = column[rows[i]];
  }
  return { rows: rows.length, cols, data, names, categories };
}
