/** Trees as they are kept. */
import { Forest, Tree } from "./forest_state.as";

/** Leaves only their values, in place, and their numbers where a right child would stand; sums up the importance. */
export function compact(forest: Forest, tree: Tree, nodes: u32): void {
  const outputs: usize = max<u32>(forest.classes, 1);
  const importance = tree.importance;
  const weight = tree.nodeWeight;
  const impurity = tree.nodeImpurity;
  memory.fill(importance, 0, <usize> forest.columns << 3);
  let to = tree.nodeValue;
  let leaves: u32 = 0;
  for (let node: u32 = 0; node < nodes; node++) {
    const word: usize = <usize> node << 2;
    const feature = load<i32>(tree.nodeFeature + word);
    if (feature < 0) {
      store<u32>(tree.nodeRight + word, leaves++);
      const from = tree.nodeValue + (<usize> node * outputs << 3);
      for (let k: usize = 0; k < outputs << 3; k += 8) store<f64>(to + k, load<f64>(from + k));
      to += outputs << 3;
      continue;
    }
    const left: usize = word + 4 << 1;
    const right: usize = <usize> load<u32>(tree.nodeRight + word) << 3;
    const at = importance + (<usize> feature << 3);
    const own = load<f64>(weight + (word << 1)) * load<f64>(impurity + (word << 1));
    const both = own - load<f64>(weight + left) * load<f64>(impurity + left);
    store<f64>(at, load<f64>(at) + (both - load<f64>(weight + right) * load<f64>(impurity + right)));
  }
}
