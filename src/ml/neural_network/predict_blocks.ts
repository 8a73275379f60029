/** What a trained network says of many rows, by src/kernels/network_predict.as.ts. */
import { type Arena, isPlaced, withArena } from "@/kernels/solo.ts";
import { checkStop } from "@/kernels/stop.ts";
import { columnView, type Matrix } from "../matrix.ts";
import { ACTIVATIONS, inputOf, LARGEST, layersOf } from "./layers.ts";
import { SPARSE_SHARE } from "./network.ts";
import { networkOutput, type NetworkState } from "./predict.ts";

/** Rows of a block. */
const BLOCK = 64;

/**
 * Numbers, or probabilities (rows * classes) row-major.
 * @returns undefined where so many inputs are 0 that multiplying only the others is quicker
 */
export function quickOutput(X: Matrix, state: NetworkState): Float64Array | undefined {
  return withArena((arena) => {
    const { kernels } = arena;
    const { sizes, n_classes } = state;
    const { layers } = layersOf(sizes);
    const weights = arena.floats(state.weights.length);
    weights.set(state.weights);
    // Of a layer with few units three of four rows more are written than there are: all fit into the block.
    const values = sizes.map((size) => arena.floats(size * BLOCK));
    const pairs = arena.doubles(2 * BLOCK);
    const scores = values[values.length - 1];
    const outputs = sizes[sizes.length - 1];
    const hidden = ACTIVATIONS.indexOf(state.activation);
    const load = loader(arena, X, values[0]);
    const result = new Float64Array(X.rows * Math.max(1, n_classes));
    const some = new Float32Array(BLOCK * outputs);
    for (let first = 0; first < X.rows; first += BLOCK) {
      const rows = Math.min(BLOCK, X.rows - first);
      load(first, rows);
      if (first === 0 && isSparse(arena, values[0])) return undefined;
      if (first % 4096 === 0) checkStop();
      for (let l = 0; l < layers.length; l++) {
        const layer = layers[l];
        kernels.network_layer(
          l < layers.length - 1 ? hidden : IDENTITY,
          values[l + 1].byteOffset,
          values[l].byteOffset,
          weights.byteOffset + 4 * layer.weights,
          layer.stride,
          layer.inputs,
          layer.outputs,
          rows,
        );
      }
      if (n_classes === 2) {
        kernels.network_sigmoid(scores.byteOffset, rows + rows % 2, pairs.byteOffset);
        result.set(rows === BLOCK ? pairs : pairs.subarray(0, 2 * rows), 2 * first);
        continue;
      }
      for (let k = 0; k < outputs; k++) {
        for (let i = 0; i < rows; i++) some[i * outputs + k] = scores[k * BLOCK + i];
      }
      result.set(networkOutput(some.subarray(0, rows * outputs), state), first * Math.max(1, n_classes));
    }
    return result;
  });
}

const IDENTITY = ACTIVATIONS.indexOf("identity");

/** Writes the inputs of some rows, (columns, BLOCK). */
function loader(
  { kernels }: Arena,
  X: Matrix,
  inputs: Float32Array,
): (first: number, rows: number) => void {
  if (X.columns === undefined && isPlaced(X.data)) {
    const { byteOffset } = X.data;
    return (first, rows) =>
      kernels.network_inputs(inputs.byteOffset, byteOffset + 8 * first, X.rows, rows, X.cols, LARGEST);
  }
  return (first, rows) => {
    for (let j = 0; j < X.cols; j++) {
      const column = columnView(X, j);
      for (let i = 0, to = j * BLOCK; i < rows; i++, to++) inputs[to] = inputOf(column[first + i]);
    }
  };
}

function isSparse({ kernels }: Arena, inputs: Float32Array): boolean {
  return kernels.matrix_zeros(inputs.byteOffset, inputs.length) > SPARSE_SHARE * inputs.length;
}
