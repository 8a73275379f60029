/** What the kernels of forests work on; the layout is that of src/ml/ensemble/forest_memory.ts. */

/** What is the same for all trees. */
@unmanaged
export class Forest {
  minWeightFraction: f64;
  minImpurityDecrease: f64;
  /** Regression: a prediction is (mean + shift) * scale. */
  scale: f64;
  shift: f64;
  rows: u32;
  columns: u32;
  /** Bytes of a record: a multiple of 16. */
  stride: u32;
  /** 0 for regression. */
  classes: u32;
  /** A record a row: see forest_rows.as.ts. */
  records: usize;
  /** The smallest and the largest value of each code, `capacity` a column. */
  low: usize;
  high: usize;
  capacity: u32;
  /** Of columns whose codes are even steps, the first value and steps a unit; else the steps are 0. */
  steps: usize;
  maxFeatures: u32;
  maxDepth: u32;
  minSamplesSplit: u32;
  minSamplesLeaf: u32;
  /** Above 0: grown best split first, up to so many leaves. */
  maxLeafNodes: u32;
  /** Thresholds are drawn at random. */
  isRandom: u32;
  isEntropy: u32;
  /** Records hold a weight. */
  isWeighted: u32;
  /** The weights are those that make the classes of a tree's draw equal. */
  isSubsample: u32;
  /** A node of so many rows, too large to sort, is looked at by 256 bins of neighbouring codes. */
  binnedRows: u32;
  /** Rows drawn with replacement; 0: each tree learns from all rows. */
  draws: u32;
  /** Sums of the weights up to each row; 0: all rows are equally likely. */
  cumulative: usize;
  countBits: u32;
  /** Rows of class 0. */
  zeros: u32;
  /** Trees are left as src/ml/tree/trees_state.ts keeps them. */
  isCompact: u32;
}

/** The room and the result of one tree. */
@unmanaged
export class Tree {
  /** The state of its random numbers. */
  a: u32;
  b: u32;
  c: u32;
  d: u32;
  front: usize;
  back: usize;
  /** How often each row was drawn. */
  counts: usize;
  keys: usize;
  spare: usize;
  /** For each row of a node 16 bytes: its weight, and the weighted target or where its class has its sum. */
  marks: usize;
  /** Sums by code: all zero between nodes. */
  sums: usize;
  rowsByCode: usize;
  features: usize;
  constants: usize;
  /** The node's features, drawn and not constant, and for each a random number and a cut. */
  drawn: usize;
  shares: usize;
  cuts: usize;
  /** The node's smallest code of each column, in whole vectors, and its largest. */
  lowest: usize;
  highest: usize;
  /** By column, in whole vectors: the cut, and the rows and the sum of targets that it puts on the left. */
  columnCuts: usize;
  leftRows: usize;
  leftSums: usize;
  total: usize;
  left: usize;
  /** Nodes that wait, and best first the heap of them. */
  stack: usize;
  heap: usize;
  buckets: usize;
  /** A small node by column, and which of its rows are others'. */
  block: usize;
  others: usize;
  nodes: u32;
  nodeFeature: usize;
  nodeThreshold: usize;
  nodeLeft: usize;
  nodeRight: usize;
  nodeImpurity: usize;
  nodeWeight: usize;
  nodeValue: usize;
  /** Of a compact tree: the decrease in impurity by column. */
  importance: usize;
}

/** The node that is looked at. */
export class Node {
  static isPure: bool = false;
  static weight: f64 = 0;
  static impurity: f64 = 0;
  /** Of a regression; of two classes without weights, that of class 1. */
  static sum: f64 = 0;
  /** Least weight of both sides of its split. */
  static minWeight: f64 = 0;
  /** Where its records begin. */
  static record: usize = 0;
}

/** Its best split so far. */
export class Best {
  static quality: f64 = 0;
  static feature: u32 = 0;
  /** Codes up to this one go left. */
  static cut: u32 = 0;
  /** The next code in the node, and the bits by which codes were shifted into bins. */
  static next: u32 = 0;
  static shift: u32 = 0;
  /** A threshold drawn between values. */
  static threshold: f64 = 0;
  static rows: u32 = 0;
  /** Of two classes without weights: the weight that goes left, and that of class 1. */
  static left: f64 = 0;
  static ones: f64 = 0;
}

/** Two classes whose weights are counts: whole numbers, whose sums are exact in any order. */
@inline
export function isPair(forest: Forest): bool {
  return forest.classes == 2 && (forest.isWeighted | forest.isEntropy) == 0;
}

/** Such a node's rows of class 0 stand before those of class 1. */
@inline
export function isSegmented(forest: Forest): bool {
  return forest.isRandom != 0 && forest.draws == 0 && isPair(forest);
}
