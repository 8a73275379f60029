/** The gradient of a network beside the difference of its losses, with dropout and without. */
import assert from "node:assert/strict";
import { type Arena, withArena } from "@/kernels/solo.ts";
import { type Activation, layersOf, padded } from "@/ml/neural_network/layers.ts";
import { TrainingNetwork } from "@/ml/neural_network/network.ts";
import { Random } from "@/shared/random.ts";

const SIZES = [3, 5, 6, 2];
const ROWS = 7;
const SEED = 99;
const ALPHA = 0.3;

const SLOPED: Record<Activation, (x: number) => number> = {
  identity: (x) => x,
  relu: (x) => Math.max(0, x),
  logistic: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

/** The loss of the weights in plain doubles; a mask is (rows, padded(units)) floats a hidden layer. */
function plainLoss(
  weights: Float64Array,
  X: number[][],
  y: number[],
  activation: Activation,
  masks: Float32Array[],
): number {
  const { layers } = layersOf(SIZES);
  let loss = 0;
  X.forEach((row, i) => {
    let values = row;
    layers.forEach((layer, l) => {
      const next = Array.from({ length: layer.outputs }, (_, j) => {
        let sum = weights[layer.offsets + j];
        values.forEach((value, k) => sum += value * weights[layer.weights + k * layer.stride + j]);
        if (l === layers.length - 1) return sum;
        const kept = masks.length > 0 ? masks[l][i * layer.stride + j] : 1;
        return SLOPED[activation](sum) * kept;
      });
      values = next;
    });
    const most = Math.max(...values);
    loss += most + Math.log(values.reduce((sum, v) => sum + Math.exp(v - most), 0)) - values[y[i]];
  });
  for (const { weights: from, offsets } of layers) {
    for (let at = from; at < offsets; at++) loss += ALPHA / 2 * weights[at] ** 2;
  }
  return loss / X.length;
}

function masksOf(arena: Arena, dropout: number): Float32Array[] {
  if (dropout === 0) return [];
  return SIZES.slice(1, -1).map((size, l) => {
    const mask = arena.floats(ROWS * padded(size));
    const seed = (SEED + l * 0x632be5ab) | 0;
    arena.kernels.network_mask(mask.byteOffset, mask.length, seed, dropout * 2 ** 32, 1 / (1 - dropout));
    return mask;
  });
}

for (const dropout of [0, 0.4]) {
  for (const activation of ["identity", "relu", "logistic", "tanh"] as const) {
    Deno.test(`a step goes down the slope of the loss: ${activation}, dropout ${dropout}`, () => {
      const random = new Random(5);
      const X = Array.from({ length: ROWS }, () => Array.from({ length: 3 }, () => random.normal()));
      const y = X.map((_, i) => i % 2);
      withArena((arena) => {
        const options = { sizes: SIZES, activation, batch: ROWS, classes: 2, alpha: ALPHA, dropout };
        const network = new TrainingNetwork(arena, options);
        const { layers } = layersOf(SIZES);
        for (const layer of layers) {
          for (let i = 0; i <= layer.inputs; i++) {
            for (let j = 0; j < layer.outputs; j++) {
              network.weights[layer.weights + i * layer.stride + j] = random.normal() / 2;
            }
          }
        }
        const before = Float64Array.from(network.weights);
        X.forEach((row, i) => network.values[0].set(row, i * padded(3)));
        const truths = arena.floats(ROWS);
        truths.set(y);
        const step = { solver: "sgd", rate: 1, momentum: 0, nesterov: false } as const;
        network.learn(ROWS, truths.byteOffset, 0, ROWS, step, SEED);
        const masks = masksOf(arena, dropout);
        if (dropout > 0) assert.ok(masks[0].includes(0) && masks[0].some((value) => value > 1));
        for (let at = 0; at < before.length; at++) {
          const near = (move: number) =>
            plainLoss(before.map((w, n) => n === at ? w + move : w), X, y, activation, masks);
          const slope = before[at] === 0 ? 0 : (near(1e-5) - near(-1e-5)) / 2e-5;
          const found = before[at] - network.weights[at];
          assert.ok(Math.abs(found - slope) < 1e-4, `weight ${at}: ${found} ${slope}`);
        }
      });
    });
  }
}
