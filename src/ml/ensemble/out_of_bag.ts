/** The score of a forest on the rows that each tree did not draw. */
import type { Matrix } from "../matrix.ts";
import type { GrownTree } from "../tree/grown_tree.ts";
import { leafOf, type TreesState } from "../tree/trees_state.ts";

export class OutOfBag {
  #X: Matrix;
  #y: Float64Array;
  #nClasses: number;
  #outputs: number;
  #sums: Float64Array;
  #trees: Int32Array;

  constructor(X: Matrix, y: Float64Array, n_classes: number) {
    this.#X = X;
    this.#y = y;
    this.#nClasses = n_classes;
    this.#outputs = Math.max(1, n_classes);
    this.#sums = new Float64Array(X.rows * this.#outputs);
    this.#trees = new Int32Array(X.rows);
  }

  /** @param counts (rows) how often the tree drew each row */
  add(tree: GrownTree, counts: Float64Array | Int32Array): void {
    const { data, rows } = this.#X;
    const outputs = this.#outputs;
    for (let i = 0; i < rows; i++) {
      if (counts[i] > 0) continue;
      let node = 0;
      for (let column = tree.feature[0]; column >= 0; column = tree.feature[node]) {
        node = data[column * rows + i] <= tree.threshold[node] ? tree.left[node] : tree.right[node];
      }
      for (let k = 0; k < outputs; k++) this.#sums[i * outputs + k] += tree.value[node * outputs + k];
      this.#trees[i]++;
    }
  }

  /** The same for a tree of a state, from its root. */
  addKept(trees: TreesState, root: number, counts: Float64Array): void {
    const outputs = this.#outputs;
    for (let i = 0; i < this.#X.rows; i++) {
      if (counts[i] > 0) continue;
      const leaf = leafOf(this.#X, i, trees, root) * outputs;
      for (let k = 0; k < outputs; k++) this.#sums[i * outputs + k] += trees.value[leaf + k];
      this.#trees[i]++;
    }
  }

  /** Accuracy or R2 over the rows that some tree did not draw; null if there are none. */
  score(): number | null {
    return this.#nClasses > 0 ? this.#accuracy() : this.#r2();
  }

  #accuracy(): number | null {
    let right = 0;
    let rows = 0;
    for (let i = 0; i < this.#trees.length; i++) {
      if (this.#trees[i] === 0) continue;
      let best = 0;
      const at = i * this.#outputs;
      for (let k = 1; k < this.#outputs; k++) if (this.#sums[at + k] > this.#sums[at + best]) best = k;
      if (best === this.#y[i]) right++;
      rows++;
    }
    return rows === 0 ? null : right / rows;
  }

  #r2(): number | null {
    let rows = 0;
    let mean = 0;
    for (let i = 0; i < this.#trees.length; i++) {
      if (this.#trees[i] > 0) mean += (this.#y[i] - mean) / ++rows;
    }
    let residual = 0;
    let total = 0;
    for (let i = 0; i < this.#trees.length; i++) {
      if (this.#trees[i] === 0) continue;
      residual += (this.#y[i] - this.#sums[i] / this.#trees[i]) ** 2;
      total += (this.#y[i] - mean) ** 2;
    }
    const score = 1 - residual / total;
    return Number.isFinite(score) ? score : null;
  }
}
