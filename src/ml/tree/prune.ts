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
  while (inside[0]) {
    let weakest = 0;
    let lowest = Infinity;
    for (let i = 0; i < n; i++) {
      if (!inside[i]) continue;
      const gain = (own[i] - branch[i]) / (leaves[i] - 1);
      if (gain < lowest) {
        lowest = gain;
        weakest = i;
      }
    }
    if (alpha < lowest) return;
    const below = [weakest];
    for (let node = below.pop(); node !== undefined; node = below.pop()) {
      if (!inside[node]) continue;
      inside[node] = 0;
      below.push(tree.left[node], tree.right[node]);
    }
    tree.feature[weakest] = -1;
    const leavesLost = leaves[weakest] - 1;
    const impurityAdded = own[weakest] - branch[weakest];
    for (let node = weakest; node >= 0; node = parent[node]) {
      leaves[node] -= leavesLost;
      branch[node] += impurityAdded;
    }
  }
}
