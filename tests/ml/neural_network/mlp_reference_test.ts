import assert from "node:assert/strict";
import { withArena } from "@/kernels/solo.ts";
import { checkParams } from "@/ml/check_params.ts";
import { layersOf, padded } from "@/ml/neural_network/layers.ts";
import { predictNetwork } from "@/ml/neural_network/predict.ts";
import { startProgress, train, type TrainParams } from "@/ml/neural_network/train.ts";
import { readReference } from "../../reference/read_reference.ts";
import { distanceBetween, matrixOf } from "../columns.ts";

interface Case {
  name: string;
  n_classes: number;
  params: Record<string, unknown>;
  X: number[][];
  y: number[];
  sample_weight: number[] | null;
  coefs: number[][][];
  intercepts: number[][];
  losses: number[];
  test: number[][];
  expected: number[];
}

/** Single precision here, double there, over at most 400 epochs. */
const TOLERANCE = 2e-4;

for (const one of readReference<Case[]>("mlp.json")) {
  const task = one.n_classes > 0 ? "classification" : "regression";
  Deno.test(`mlp takes scikit-learn's steps: ${task}, ${one.name}`, () => {
    const params = checkParams("mlp", task, one.params) as unknown as TrainParams & {
      hidden_layer_sizes: number[];
    };
    const outputs = one.n_classes > 2 ? one.n_classes : 1;
    const sizes = [one.X[0].length, ...params.hidden_layer_sizes, outputs];
    const trained = withArena((arena) => {
      const width = padded(sizes[0]);
      const X = arena.floats(one.X.length * width);
      one.X.forEach((row, i) => X.set(row, i * width));
      return train(
        arena,
        {
          sizes,
          classes: one.n_classes === 0 ? 0 : outputs,
          X,
          y: Float32Array.from(one.y),
          weight: one.sample_weight ? Float32Array.from(one.sample_weight) : undefined,
          train: Int32Array.from(one.X, (_, i) => i),
          seed: 0,
          progress: () => {},
        },
        params,
        startProgress(weightsOf(sizes, one), params),
      );
    });
    assert.equal(trained.losses.length, one.losses.length);
    const losses = distanceBetween(trained.losses, one.losses);
    assert.ok(losses < TOLERANCE, `losses differ by ${losses}`);
    const state = { sizes, n_classes: one.n_classes, mean: 0, scale: 1, activation: params.activation };
    const found = predictNetwork(matrixOf(one.test), { ...state, ...trained });
    const distance = distanceBetween(found, one.expected);
    assert.ok(distance < TOLERANCE, `predictions differ by ${distance}`);
  });
}

function weightsOf(sizes: number[], { coefs, intercepts }: Case): Float32Array {
  const { layers, length } = layersOf(sizes);
  const weights = new Float32Array(length);
  layers.forEach((layer, l) => {
    coefs[l].forEach((row, i) => weights.set(row, layer.weights + i * layer.stride));
    weights.set(intercepts[l], layer.offsets);
  });
  return weights;
}
