/** Where rows of mostly zeros, such as one-hot columns, are not 0. */

/** With more numbers that are not 0 than this share, going through all is quicker. */
const SPARSE_SHARE = 0.25;

export interface SparseRows {
  /** (rows + 1) where the columns of each row begin in `columns`. */
  starts: Int32Array;
  /** Ascending in a row; behind the last of each row stands the number of columns. */
  columns: Int32Array;
}

/** @param values (rows * cols) row-major. @returns undefined where there are too few zeros */
export function sparseRows(values: Float64Array, cols: number): SparseRows | undefined {
  let count = 0;
  for (let at = 0; at < values.length; at++) if (values[at] !== 0) count++;
  if (count > SPARSE_SHARE * values.length) return undefined;
  const rows = values.length / cols;
  const starts = new Int32Array(rows + 1);
  const columns = new Int32Array(count + rows);
  let to = 0;
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, at++) if (values[at] !== 0) columns[to++] = j;
    columns[to++] = cols;
    starts[i + 1] = to;
  }
  return { starts, columns };
}
