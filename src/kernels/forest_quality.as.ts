/** How good a split is, larger is better: the formulas, and so the choice among equals, are those of scikit-learn. */
import { logDoubles } from "./exp_log.as";
import { Forest, Node, Tree } from "./forest_state.as";

@inline
function pairOf(left: f64, right: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(left), 1, right);
}

/** The weighted impurity of both sides, negative. */
@inline
export function giniQuality(squaresLeft: f64, squaresRight: f64, left: f64, right: f64): f64 {
  const weight = pairOf(left, right);
  const share = f64x2.div(pairOf(squaresLeft, squaresRight), f64x2.mul(weight, weight));
  const impurity = f64x2.mul(weight, f64x2.sub(f64x2.splat(1), share));
  return -f64x2.extract_lane(impurity, 1) - f64x2.extract_lane(impurity, 0);
}

/** Of a pair, by the weight of the left side and that of class 1 in it. */
@inline
export function pairQuality(left: f64, ones1: f64): f64 {
  const right = Node.weight - left;
  const ones0 = left - ones1;
  const rest1 = Node.sum - ones1;
  const rest0 = right - rest1;
  return giniQuality(ones0 * ones0 + ones1 * ones1, rest0 * rest0 + rest1 * rest1, left, right);
}

@inline
export function varianceQuality(sumLeft: f64, sumRight: f64, left: f64, right: f64): f64 {
  const sum = pairOf(sumLeft, sumRight);
  const quality = f64x2.div(f64x2.mul(sum, sum), pairOf(left, right));
  return f64x2.extract_lane(quality, 0) + f64x2.extract_lane(quality, 1);
}

/** Of classes, by their weights on the left side, which stand in `tree.left`. */
export function classesQuality(forest: Forest, tree: Tree, left: f64, right: f64): f64 {
  const end: usize = <usize> forest.classes << 3;
  if (forest.isEntropy == 0) {
    let squares = f64x2.splat(0);
    for (let k: usize = 0; k < end; k += 8) {
      const one = load<f64>(tree.left + k);
      const sides = pairOf(one, load<f64>(tree.total + k) - one);
      squares = f64x2.add(squares, f64x2.mul(sides, sides));
    }
    return giniQuality(f64x2.extract_lane(squares, 0), f64x2.extract_lane(squares, 1), left, right);
  }
  const weight = pairOf(left, right);
  let entropy = f64x2.splat(0);
  for (let k: usize = 0; k < end; k += 8) {
    const one = load<f64>(tree.left + k);
    const share = f64x2.div(pairOf(one, load<f64>(tree.total + k) - one), weight);
    // Of 0 the logarithm is finite here, and so its share is 0.
    const part = f64x2.mul(share, logDoubles(share));
    entropy = f64x2.sub(entropy, v128.and(part, f64x2.gt(share, f64x2.splat(0))));
  }
  entropy = f64x2.mul(weight, entropy);
  return -f64x2.extract_lane(entropy, 1) - f64x2.extract_lane(entropy, 0);
}
