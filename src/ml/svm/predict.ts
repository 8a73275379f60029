/** What the support vectors say about a row. */
import { exp } from "@/kernels/math.ts";
import { withArena } from "@/kernels/solo.ts";
import type { Matrix } from "../matrix.ts";
import { type KernelSpec, Points } from "./kernel_rows.ts";
import { couplePairs, sigmoid } from "./platt.ts";

export type SvmState = KernelSpec & {
  cols: number;
  n_classes: number;
  /** Support vectors of each class; of all for regression. */
  sizes: number[];
  /** (vectors * cols) row-major, class by class. */
  points: Float32Array;
  /** (classes - 1, vectors): for a vector of class k the coefficients against the others in their order. */
  coef: Float64Array;
  /** One for each pair of classes, (0, 1), (0, 2), … */
  offsets: Float64Array;
  /** Two for each pair, or none: the probability of the first is 1 / (1 + exp(a f + b)). */
  sigmoids: Float64Array;
  iterations: number;
  converged: boolean;
};

/** Of a pair, so that no class is ruled out. */
const LEAST_PROBABILITY = 1e-7;

/** @returns (rows), or probabilities (rows * classes) */
export function predictSvm(X: Matrix, state: SvmState): Float64Array {
  const { n_classes, sizes, cols, coef } = state;
  const vectors = state.points.length / cols;
  return withArena((arena) => {
    // Each class from a multiple of 4 on: the kernels take four at once.
    const starts: number[] = [];
    let count = 0;
    for (const size of sizes) {
      starts.push(count);
      count += (size + 3) & ~3;
    }
    const points = new Points(arena, Math.max(count, 4), cols, state);
    const sets = Math.max(1, n_classes - 1);
    const weights = Array.from({ length: sets }, () => arena.doubles(points.count));
    let vector = 0;
    sizes.forEach((size, k) => {
      for (let s = 0; s < size; s++, vector++) {
        const from = vector;
        points.set(starts[k] + s, (j) => state.points[from * cols + j]);
        weights.forEach((set, w) => set[starts[k] + s] = coef[w * vectors + from]);
      }
    });
    const row = arena.floats(points.count);
    const sumOver = (k: number, set: number) => {
      const from = starts[k];
      const length = (sizes[k] + 3) & ~3;
      return arena.kernels.svm_dot(row.byteOffset + from * 4, weights[set].byteOffset + from * 8, length);
    };
    const width = Math.max(1, n_classes);
    const result = new Float64Array(X.rows * width);
    const decisions = new Float64Array(state.offsets.length);
    for (let i = 0; i < X.rows; i++) {
      points.rowOfOther((j) => X.data[j * X.rows + i], row.byteOffset);
      if (n_classes === 0) {
        result[i] = sumOver(0, 0) + state.offsets[0];
        continue;
      }
      let pair = 0;
      for (let a = 0; a < n_classes; a++) {
        for (let b = a + 1; b < n_classes; b++, pair++) {
          decisions[pair] = sumOver(a, b - 1) + sumOver(b, a) + state.offsets[pair];
        }
      }
      const out = result.subarray(i * n_classes, (i + 1) * n_classes);
      if (state.sigmoids.length > 0) calibrated(decisions, state, out);
      else voted(decisions, n_classes, out);
    }
    return result;
  });
}

function calibrated(decisions: Float64Array, { n_classes, sigmoids }: SvmState, out: Float64Array): void {
  const pairs = new Float64Array(n_classes * n_classes);
  let pair = 0;
  for (let a = 0; a < n_classes; a++) {
    for (let b = a + 1; b < n_classes; b++, pair++) {
      const { p, q } = sigmoid(sigmoids[2 * pair] * decisions[pair] + sigmoids[2 * pair + 1]);
      if (n_classes === 2) return out.set([p, q]);
      const limited = Math.min(Math.max(p, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY);
      pairs[a * n_classes + b] = limited;
      pairs[b * n_classes + a] = 1 - limited;
    }
  }
  couplePairs(pairs, n_classes, out);
}

/** No probabilities: the class with most votes first, and among equals the surer one. */
function voted(decisions: Float64Array, n_classes: number, out: Float64Array): void {
  if (n_classes === 2) {
    const { p, q } = sigmoid(-decisions[0]);
    return out.set([p, q]);
  }
  const votes = new Float64Array(n_classes);
  const sure = new Float64Array(n_classes);
  let pair = 0;
  for (let a = 0; a < n_classes; a++) {
    for (let b = a + 1; b < n_classes; b++, pair++) {
      votes[decisions[pair] > 0 ? a : b]++;
      sure[a] += decisions[pair];
      sure[b] -= decisions[pair];
    }
  }
  let sum = 0;
  // A third at most: what is sure never outweighs a vote (scikit-learn's _ovr_decision_function).
  for (let k = 0; k < n_classes; k++) sum += out[k] = exp(votes[k] + sure[k] / (3 * (Math.abs(sure[k]) + 1)));
  for (let k = 0; k < n_classes; k++) out[k] /= sum;
}
