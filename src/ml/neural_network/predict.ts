/** What a trained network says: by the kernels, or in TypeScript for few rows, with the same bits. */
import { type Arena, withArena } from "@/kernels/solo.ts";
import { exp } from "@/kernels/exp_log.ts";
import type { Matrix } from "../matrix.ts";
import { type Activation, forwardRow, inputOf, layersOf, padded } from "./layers.ts";
import { Network } from "./network.ts";
import { quickOutput } from "./predict_blocks.ts";

export type NetworkState = {
  /** Columns, hidden layers, outputs. */
  sizes: number[];
  activation: Activation;
  /** As `layersOf` lays them out. */
  weights: Float32Array;
  /** Regression: the output is in units of `scale` around `mean`. */
  mean: number;
  scale: number;
  n_classes: number;
  losses: number[];
  scores: number[];
  converged: boolean;
};

/** From so many multiplications on the kernels are quicker, their start and the copy of the weights included. */
const ENOUGH_WORK = 200_000;
const CHUNK_ROWS = 256;

/** @returns numbers, or probabilities (rows * classes) row-major */
export function predictNetwork(X: Matrix, state: NetworkState): Float64Array {
  if (X.rows * state.weights.length < ENOUGH_WORK) return networkOutput(walkedScores(X, state), state);
  return quickOutput(X, state) ?? networkOutput(
    withArena((arena) => rowScores(arena, X, every(X.rows), state)(state.weights)),
    state,
  );
}

/** @returns (rows * outputs) row-major, before the activation of the output */
function walkedScores(X: Matrix, state: NetworkState): Float32Array {
  const { layers } = layersOf(state.sizes);
  const scores = new Float32Array(X.rows * state.sizes.at(-1)!);
  const input = new Float32Array(X.cols);
  for (let i = 0; i < X.rows; i++) {
    for (let j = 0; j < X.cols; j++) input[j] = inputOf(X.data[j * X.rows + i]);
    const row = forwardRow(layers, state.weights, state.activation, input);
    scores.set(row, i * row.length);
  }
  return scores;
}

function every(rows: number): Int32Array {
  const result = new Int32Array(rows);
  for (let i = 0; i < rows; i++) result[i] = i;
  return result;
}

/** The scores of some rows, for one state of the weights after the other. */
export function rowScores(
  arena: Arena,
  X: Matrix,
  rows: Int32Array,
  { sizes, activation }: Pick<NetworkState, "sizes" | "activation">,
): (weights: Float32Array) => Float32Array {
  const network = new Network(arena, { sizes, activation, batch: CHUNK_ROWS });
  const outputs = sizes.at(-1)!;
  const [width, stride] = [padded(X.cols), padded(outputs)];
  const input = network.values[0];
  const last = network.values[network.values.length - 1];
  return (weights) => {
    network.weights.set(weights);
    const scores = new Float32Array(rows.length * outputs);
    for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, rows.length - from);
      for (let j = 0; j < X.cols; j++) {
        const start = j * X.rows;
        for (let i = 0, at = j; i < count; i++, at += width) {
          input[at] = inputOf(X.data[start + rows[from + i]]);
        }
      }
      network.forward(count);
      for (let i = 0; i < count; i++) {
        for (let k = 0; k < outputs; k++) scores[(from + i) * outputs + k] = last[i * stride + k];
      }
    }
    return scores;
  };
}

/** Numbers, or probabilities (rows * classes). */
export function networkOutput(
  scores: Float32Array,
  { n_classes, mean, scale }: Pick<NetworkState, "n_classes" | "mean" | "scale">,
): Float64Array {
  if (n_classes === 0) {
    const result = new Float64Array(scores.length);
    for (let i = 0; i < scores.length; i++) result[i] = mean + scale * scores[i];
    return result;
  }
  if (n_classes === 2) {
    const result = new Float64Array(scores.length * 2);
    for (let i = 0; i < scores.length; i++) {
      const small = exp(-Math.abs(scores[i]));
      const less = small / (1 + small);
      result[2 * i] = scores[i] >= 0 ? less : 1 - less;
      result[2 * i + 1] = scores[i] >= 0 ? 1 - less : less;
    }
    return result;
  }
  const result = new Float64Array(scores.length);
  for (let from = 0; from < scores.length; from += n_classes) {
    let most = -Infinity;
    for (let k = from; k < from + n_classes; k++) most = Math.max(most, scores[k]);
    let sum = 0;
    for (let k = from; k < from + n_classes; k++) sum += result[k] = exp(scores[k] - most);
    for (let k = from; k < from + n_classes; k++) result[k] /= sum;
  }
  return result;
}
