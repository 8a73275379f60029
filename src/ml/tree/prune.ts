/**
 * Minimal cost-complexity pruning: again and again the branch with the smallest gain per leaf becomes a leaf,
 * while that gain is at most `alpha`.
 *
 * Source: Breiman et al. 1984, chapter 3; scikit-learn, `_cost_complexity_prune` of `_tree.pyx`.
 */
import type { GrownTree } from "./grown_tree.ts";

/** Turns branches of the tree into leaves; the nodes below them stay in the arrays but can't be reached. */
export function prune(tree: GrownTree, alpha: number): void {
  const n = tree.count;
  const parent = new Int32Array(n).fill(-1);
  const own = new Float64Array(n);
  const branch = new Float64Array(n);
  const leaves = new Int32Array(n);
  const inside = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    own[i] = tree.weight[i] * tree.impurity[i] / tree.weight[0];
    if (tree.feature[i] < 0) {
      branch[i] = own[i];
      leaves[i] = 1;
    } else {
      inside[i] = 1;
      parent[tree.left[i]] = i;
      parent[tree.right[i]] = i;
    }
  }
  // Children have larger numbers than their parents.
  for (let i = n - 1; i > 0; i--) {
    branch[parent[i]] += branch[i];
    leaves[parent[i]] += leaves[i];
  }
  const gainOf = (i: number) => inside[i] ? (own[i] - branch[i]) / (leaves[i] - 1) : Infinity;
  const gains = new Tournament(n, gainOf);
  while (inside[0]) {
    const weakest = gains.first;
    if (alpha < gainOf(weakest)) return;
    const below = [weakest];
    for (let node = below.pop(); node !== undefined; node = below.pop()) {
      if (!inside[node]) continue;
      inside[node] = 0;
      gains.update(node);
      below.push(tree.left[node], tree.right[node]);
    }
    tree.feature[weakest] = -1;
    const leavesLost = leaves[weakest] - 1;
    const impurityAdded = own[weakest] - branch[weakest];
    for (let node = weakest; node >= 0; node = parent[node]) {
      leaves[node] -= leavesLost;
      branch[node] += impurityAdded;
      gains.update(node);
    }
  }
}

/** Knows which of n numbers is the smallest, the first of equals, while they change one by one: O(log n) a change. */
class Tournament {
  #size: number;
  /** Winners: that of a pair stands at half its place; the numbers themselves begin at `#size`. */
  #winner: Int32Array;
  #value: Float64Array;
  #valueOf: (i: number) => number;

  constructor(n: number, valueOf: (i: number) => number) {
    this.#size = 2 ** Math.ceil(Math.log2(n));
    this.#winner = new Int32Array(2 * this.#size);
    this.#value = new Float64Array(this.#size).fill(Infinity);
    this.#valueOf = valueOf;
    for (let i = 0; i < this.#size; i++) {
      if (i < n) this.#value[i] = valueOf(i);
      this.#winner[this.#size + i] = i;
    }
    for (let at = this.#size - 1; at > 0; at--) this.#play(at);
  }

  get first(): number {
    return this.#winner[1];
  }

  update(i: number): void {
    this.#value[i] = this.#valueOf(i);
    for (let at = (this.#size + i) >> 1; at > 0; at >>= 1) this.#play(at);
  }

  #play(at: number): void {
    const [left, right] = [this.#winner[2 * at], this.#winner[2 * at + 1]];
    this.#winner[at] = this.#value[right] < this.#value[left] ? right : left;
  }
}
