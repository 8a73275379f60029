/** How the weights of a network lie in one array, and what a row of numbers becomes in it. */
import { expFloat } from "@/kernels/exp_log.ts";

export const ACTIVATIONS = ["identity", "relu", "logistic", "tanh"] as const;
export type Activation = typeof ACTIVATIONS[number];

export interface Layer {
  inputs: number;
  outputs: number;
  /** Floats from one row to the next: outputs, padded to a multiple of 4. */
  stride: number;
  /** Where (inputs, stride) weights begin; (stride) offsets follow them. */
  weights: number;
  offsets: number;
}

/** A multiple of 4: the kernels work on four floats at once. */
export function padded(count: number): number {
  return (count + 3) & ~3;
}

/** Larger inputs count as this, so that sums over layers stay within the range of floats. */
export const LARGEST = 1e15;

export function inputOf(x: number): number {
  return Math.min(Math.max(x, -LARGEST), LARGEST);
}

/** @param sizes columns, hidden layers, outputs */
export function layersOf(sizes: readonly number[]): { layers: Layer[]; length: number } {
  let length = 0;
  const layers = sizes.slice(1).map((outputs, l) => {
    const stride = padded(outputs);
    const weights = length;
    const offsets = weights + sizes[l] * stride;
    length = offsets + stride;
    return { inputs: sizes[l], outputs, stride, weights, offsets };
  });
  return { layers, length };
}

const f = Math.fround;

/** The activation of one number: the bits of the kernel network_activate. */
export function activate(activation: Activation, x: number): number {
  if (activation === "identity") return x;
  if (activation === "relu") return x > 0 ? x : 0;
  if (activation === "logistic") {
    const small = expFloat(-Math.abs(x));
    return f((x < 0 ? small : 1) / f(1 + small));
  }
  const small = expFloat(f(Math.abs(x) * -2));
  const size = f(f(1 - small) / f(1 + small));
  return x < 0 || Object.is(x, -0) ? -size : size;
}

/**
 * The scores of one row: the bits of the kernels, for few rows, where starting them would take longer.
 * @param input (sizes[0]) floats
 * @returns (outputs), before the activation of the output
 */
export function forwardRow(
  layers: readonly Layer[],
  weights: Float32Array,
  activation: Activation,
  input: Float32Array,
): Float32Array {
  let values = input;
  layers.forEach((layer, l) => {
    const next = weights.slice(layer.offsets, layer.offsets + layer.outputs);
    for (let i = 0; i < layer.inputs; i++) {
      const x = values[i];
      const row = layer.weights + i * layer.stride;
      for (let j = 0; j < next.length; j++) next[j] += f(x * weights[row + j]);
    }
    if (l < layers.length - 1) {
      for (let j = 0; j < next.length; j++) next[j] = activate(activation, next[j]);
    }
    values = next;
  });
  return values;
}
