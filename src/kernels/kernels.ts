/** What kernels.as.ts exports, by topic. Pointers are offsets in the memory. */

/** memory.as.ts */
interface MemoryKernels {
  allocate(bytes: number): number;
  release(piece: number, bytes: number): void;
  /** What was allocated since the mark can be taken back at once. */
  mark(): number;
  rewind(mark: number): void;
  /** So many bytes and no more, that only `rewind` takes back. */
  reserve(bytes: number): number;
}

/** boosting.as.ts, boosting_bins.as.ts, boosting_loss.as.ts and boosting_predict.as.ts */
interface BoostingKernels {
  boost_add_leaf(grid: number, raw: number, value: number, from: number, to: number): void;
  boost_add_tree(bins: number, stride: number, nodes: number, raw: number, rows: number): void;
  boost_bin(column: number): number;
  boost_derive(targets: number, from: number, to: number): void;
  boost_expand(grid: number, node: number): void;
  boost_histogram(grid: number, histogram: number, from: number, to: number, scratch: number): void;
  boost_loss(targets: number, from: number, to: number): void;
  boost_order(grid: number, from: number, to: number): void;
  boost_partition(grid: number, node: number, from: number, to: number, isLast: number): number;
  boost_score(scorer: number, rows: number): void;
  boost_scratch(grid: number): number;
  boost_sort(values: number, rows: number, spare: number, buckets: number): number;
  boost_sort_scratch(): number;
  boost_split(grid: number, children: number, first: number, last: number, out: number): void;
  boost_total(grid: number, from: number, to: number, total: number): void;
  boost_transpose(grid: number, from: number, to: number): void;
}

/** columns.as.ts */
interface ColumnKernels {
  column_class_sums(
    ...args: [
      ...[x: number, stride: number, rows: number, kinds: number, weights: number],
      ...[means: number, cells: number],
    ]
  ): void;
  column_binarize(to: number, x: number, count: number, limit: number): void;
  column_compact(x: number, count: number): number;
  column_least(x: number, count: number): number;
  column_moments(x: number, count: number, from: number, out: number): void;
  column_scale(x: number, count: number, mean: number, scale: number, filled: number): void;
  column_select(x: number, count: number, k: number, scratch: number, out: number): void;
  column_sum(x: number, count: number): number;
}

/** csv.as.ts */
interface CsvKernels {
  csv_cut(input: number, length: number): number;
  csv_parse(file: number, chunk: number): void;
  csv_merge(file: number, chunk: number, first: number, step: number): void;
  csv_lengths(categories: number, from: number, to: number, lengths: number): void;
}

/** exp_log.as.ts */
interface ExpLogKernels {
  exp_log(values: number, count: number, which: number): void;
}

/** forest.as.ts, forest_codes.as.ts, forest_predict.as.ts */
interface ForestKernels {
  forest_code(forest: number, column: number, values: number, scratch: number, most: number): void;
  forest_code_scratch(rows: number): number;
  forest_grow(forest: number, tree: number): number;
  forest_score(scorer: number, first: number, last: number, rows: number): void;
}

/** linear.as.ts */
interface LinearKernels {
  linear_centre(to: number, x: number, rows: number, mean: number, root: number): void;
  linear_gram(a: number, stride: number, rows: number, cols: number, g: number): void;
  linear_scores(
    ...args: [
      ...[x: number, stride: number, rows: number, cols: number],
      ...[coef: number, intercept: number, out: number],
    ]
  ): void;
  linear_gradient(
    ...args: [x: number, stride: number, rows: number, cols: number, slope: number, gradient: number]
  ): void;
  linear_logistic(scores: number, y: number, weight: number, rows: number, plain: number): number;
  linear_softmax(
    ...args: [
      ...[scores: number, stride: number, outputs: number, y: number],
      ...[weight: number, rows: number],
    ]
  ): number;
  /** Probabilities of two classes, in pairs. */
  linear_sigmoid(scores: number, rows: number, out: number): void;
  linear_poisson(scores: number, y: number, weight: number, rows: number): number;
}

/** matrix.as.ts */
interface MatrixKernels {
  matrix_scratch(): number;
  /** C += A B; see matrix.as.ts. */
  matrix_multiply(
    ...args: [
      ...[c: number, cStride: number, a: number, ai: number, ak: number, b: number, bStride: number],
      ...[m: number, n: number, k: number, scratch: number],
    ]
  ): void;
  /** The same for a matrix A of mostly zeros, with the same bits: C += A B, and C += Aᵀ B. */
  matrix_multiply_sparse(
    ...args: [
      ...[c: number, cStride: number, a: number, aStride: number, b: number, bStride: number],
      ...[m: number, n: number, k: number, scratch: number],
    ]
  ): void;
  matrix_multiply_sparse_transposed(
    ...args: [
      ...[c: number, cStride: number, a: number, aStride: number, b: number, bStride: number],
      ...[m: number, n: number, k: number],
    ]
  ): void;
  /** How many of so many floats are 0; a multiple of 4 of them. */
  matrix_zeros(values: number, count: number): number;
  matrix_fill(c: number, row: number, m: number, n: number): void;
  matrix_gather(c: number, a: number, rows: number, m: number, n: number): void;
  matrix_transpose(t: number, tStride: number, a: number, aStride: number, m: number, n: number): void;
  matrix_column_sums(sums: number, a: number, m: number, n: number): void;
}

/** neighbors.as.ts */
interface NeighborsKernels {
  neighbors_offer(
    ...args: [
      ...[c: number, stride: number, m: number, n: number, base: number],
      ...[best: number, places: number, k: number],
    ]
  ): void;
}

/** network.as.ts, network_predict.as.ts */
interface NetworkKernels {
  network_activate(kind: number, values: number, count: number): void;
  network_slope(kind: number, delta: number, values: number, count: number): void;
  network_mask(mask: number, count: number, seed: number, threshold: number, scale: number): void;
  network_product(out: number, a: number, b: number, count: number): void;
  network_loss(
    ...args: [scores: number, stride: number, y: number, weight: number, m: number, outputs: number]
  ): number;
  network_inputs(
    ...args: [to: number, x: number, stride: number, rows: number, cols: number, largest: number]
  ): void;
  network_layer(
    ...args: [
      ...[kind: number, out: number, input: number, weights: number, stride: number],
      ...[inputs: number, outputs: number, rows: number],
    ]
  ): void;
  network_sigmoid(scores: number, rows: number, out: number): void;
  network_squares(values: number, count: number): number;
  network_adam(
    ...args: [
      ...[w: number, g: number, m: number, v: number, count: number, decay: number, share: number],
      ...[rate: number, beta1: number, beta2: number, epsilon: number],
    ]
  ): void;
  network_descend(
    ...args: [
      ...[w: number, g: number, v: number, count: number, decay: number, share: number, rate: number],
      ...[momentum: number, nesterov: number],
    ]
  ): void;
}

/** svm.as.ts */
interface SvmKernels {
  svm_row(
    ...args: [
      ...[kind: number, x: number, count: number, norms: number, point: number, places: number],
      ...[terms: number, norm: number, out: number, gamma: number, coef0: number, degree: number],
    ]
  ): void;
  svm_dot(row: number, coef: number, count: number): number;
  svm_update(
    ...args: [board: number, from: number, to: number, rowI: number, rowJ: number, step: number]
  ): void;
  svm_partner(
    ...args: [board: number, from: number, to: number, row: number, own: number, best: number]
  ): void;
}

export interface Kernels
  extends
    MemoryKernels,
    BoostingKernels,
    ColumnKernels,
    CsvKernels,
    ExpLogKernels,
    ForestKernels,
    LinearKernels,
    MatrixKernels,
    NeighborsKernels,
    NetworkKernels,
    SvmKernels {}

/** The name of one. */
export type Kernel = keyof Kernels;
