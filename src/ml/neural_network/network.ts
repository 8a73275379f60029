/** A network in the kernels' memory: forward, backward, and a step of its optimizer, batch by batch. */
import type { Arena } from "@/kernels/solo.ts";
import { type Activation, ACTIVATIONS, type Layer, layersOf, padded } from "./layers.ts";

/** How a step follows from the gradient. */
export type Step =
  | { solver: "adam"; rate: number; beta_1: number; beta_2: number; epsilon: number }
  | { solver: "sgd"; rate: number; momentum: number; nesterov: boolean };

export interface NetworkOptions {
  /** Columns, hidden layers, outputs. */
  sizes: readonly number[];
  activation: Activation;
  /** Most rows at once. */
  batch: number;
}

/** Of an input with more zeros than this share, such as one-hot columns, only the others are multiplied. */
export const SPARSE_SHARE = 0.75;

/** Forward only. Rows of the input are padded(sizes[0]) floats apart. */
export class Network {
  readonly layers: Layer[];
  /** All weights and offsets. */
  readonly weights: Float32Array;
  /** (batch, stride) of the input, then of every layer; the last holds the scores. */
  readonly values: Float32Array[];
  protected readonly arena: Arena;
  protected readonly kind: number;
  protected readonly scratch: number;
  /** Of the rows that `forward` was last given. */
  protected isSparse = false;

  constructor(arena: Arena, options: NetworkOptions) {
    const { layers, length } = layersOf(options.sizes);
    this.arena = arena;
    this.layers = layers;
    this.weights = arena.floats(length);
    this.values = options.sizes.map((size) => arena.floats(options.batch * padded(size)));
    this.kind = ACTIVATIONS.indexOf(options.activation);
    this.scratch = arena.floats(arena.kernels.matrix_scratch() / 4).byteOffset;
  }

  /** The values of every layer for the first m rows of `values[0]`. */
  forward(m: number): void {
    this.layers.forEach((_, l) => {
      this.enter(l, m, this.values[l]);
      if (l < this.layers.length - 1) this.#activate(l, m);
    });
  }

  /** values[l + 1] = offsets + input times weights. */
  protected enter(l: number, m: number, input: Float32Array): void {
    const { inputs, stride, weights, offsets } = this.layers[l];
    const { kernels } = this.arena;
    const out = this.values[l + 1].byteOffset;
    const start = this.weights.byteOffset;
    kernels.matrix_fill(out, start + offsets * 4, m, stride);
    const [from, wide, w] = [input.byteOffset, padded(inputs), start + weights * 4];
    if (l === 0) this.isSparse = kernels.matrix_zeros(from, m * wide) > SPARSE_SHARE * m * wide;
    if (l === 0 && this.isSparse) {
      kernels.matrix_multiply_sparse(
        ...[out, stride, from, wide, w, stride, m, stride, inputs, this.scratch] as const,
      );
    } else {
      kernels.matrix_multiply(out, stride, from, wide, 1, w, stride, m, stride, inputs, this.scratch);
    }
  }

  #activate(l: number, m: number): void {
    this.arena.kernels.network_activate(
      this.kind,
      this.values[l + 1].byteOffset,
      m * this.layers[l].stride,
    );
  }
}

export interface TrainingOptions extends NetworkOptions {
  /** 0: a number, squared loss. 1: two classes. Else softmax of so many. */
  classes: number;
  /** L2 penalty, divided by the weight of the batch. */
  alpha: number;
  /** Share of a hidden layer's values that a step leaves out. */
  dropout: number;
}

/** With the gradient, the moments of the optimizer and dropout. */
export class TrainingNetwork extends Network {
  readonly #options: TrainingOptions;
  readonly #gradient: Float32Array;
  readonly #first: Float32Array;
  readonly #second: Float32Array;
  readonly #deltas: Float32Array[];
  readonly #masks: Float32Array[];
  /** The values of hidden layers after dropout. */
  readonly #dropped: Float32Array[];
  readonly #transposed: Float32Array;

  constructor(arena: Arena, options: TrainingOptions) {
    super(arena, options);
    const { length } = this.weights;
    const hidden = this.layers.slice(0, -1).map(({ stride }) => options.batch * stride);
    const masked = options.dropout > 0 ? hidden : [];
    this.#options = options;
    this.#gradient = arena.floats(length);
    this.#first = arena.floats(length);
    this.#second = arena.floats(length);
    this.#deltas = hidden.map((size) => arena.floats(size));
    this.#masks = masked.map((size) => arena.floats(size));
    this.#dropped = masked.map((size) => arena.floats(size));
    this.#transposed = arena.floats(
      Math.max(...this.layers.map((layer) => layer.outputs * padded(layer.inputs))),
    );
  }

  /**
   * One step of the optimizer on the first m rows of `values[0]`.
   * @param y pointer to (m) floats
   * @param weight pointer to (m) floats, or 0
   * @param total the sum of the weights, above 0
   * @param seed of dropout
   * @returns the weighted sum of the losses
   */
  learn(m: number, y: number, weight: number, total: number, step: Step, seed: number): number {
    const { kernels } = this.arena;
    const { classes } = this.#options;
    if (this.#masks.length > 0) this.#forwardMasked(m, seed);
    else this.forward(m);
    const last = this.layers.length - 1;
    const scores = this.values[last + 1].byteOffset;
    const loss = kernels.network_loss(scores, this.layers[last].stride, y, weight, m, classes);
    this.#backward(m);
    for (const layer of this.layers) {
      this.#step(layer.weights, layer.offsets - layer.weights, this.#options.alpha, total, step);
      this.#step(layer.offsets, layer.stride, 0, total, step);
    }
    return loss;
  }

  /** The moments of the optimizer; the second is of adam alone. */
  get moments(): [first: Float32Array, second: Float32Array] {
    return [this.#first, this.#second];
  }

  /** alpha / 2 times the sum of the squared weights. */
  penalty(): number {
    let sum = 0;
    for (const { weights, offsets } of this.layers) {
      sum += this.arena.kernels.network_squares(this.weights.byteOffset + weights * 4, offsets - weights);
    }
    return this.#options.alpha / 2 * sum;
  }

  #forwardMasked(m: number, seed: number): void {
    const { kernels } = this.arena;
    const { dropout } = this.#options;
    this.layers.forEach(({ stride }, l) => {
      this.enter(l, m, l === 0 ? this.values[0] : this.#dropped[l - 1]);
      if (l === this.layers.length - 1) return;
      const count = m * stride;
      const values = this.values[l + 1].byteOffset;
      const mask = this.#masks[l].byteOffset;
      kernels.network_activate(this.kind, values, count);
      kernels.network_mask(mask, count, (seed + l * 0x632be5ab) | 0, dropout * 2 ** 32, 1 / (1 - dropout));
      kernels.network_product(this.#dropped[l].byteOffset, values, mask, count);
    });
  }

  /** The gradient, from the slopes of the loss that `network_loss` left in place of the scores. */
  #backward(m: number): void {
    const { kernels } = this.arena;
    const start = this.#gradient.byteOffset;
    this.#gradient.fill(0);
    for (let l = this.layers.length - 1; l >= 0; l--) {
      const { inputs, outputs, stride, weights, offsets } = this.layers[l];
      const delta = (this.#deltas[l] ?? this.values[l + 1]).byteOffset;
      const input = (l > 0 && this.#dropped[l - 1] || this.values[l]).byteOffset;
      const wide = padded(inputs);
      const g = start + weights * 4;
      if (l === 0 && this.isSparse) {
        const shape = [m, stride, inputs] as const;
        kernels.matrix_multiply_sparse_transposed(g, stride, input, wide, delta, stride, ...shape);
      } else {
        kernels.matrix_multiply(g, stride, input, 1, wide, delta, stride, inputs, stride, m, this.scratch);
      }
      kernels.matrix_column_sums(start + offsets * 4, delta, m, stride);
      if (l === 0) return;
      const back = this.#transposed.byteOffset;
      const before = this.#deltas[l - 1];
      this.#transposed.fill(0, 0, outputs * wide);
      kernels.matrix_transpose(back, wide, this.weights.byteOffset + weights * 4, stride, inputs, outputs);
      before.fill(0, 0, m * wide);
      kernels.matrix_multiply(
        ...[before.byteOffset, wide, delta, stride, 1] as const,
        ...[back, wide, m, wide, outputs, this.scratch] as const,
      );
      if (this.#masks.length > 0) {
        kernels.network_product(
          before.byteOffset,
          before.byteOffset,
          this.#masks[l - 1].byteOffset,
          m * wide,
        );
      }
      kernels.network_slope(this.kind, before.byteOffset, this.values[l].byteOffset, m * wide);
    }
  }

  #step(at: number, count: number, alpha: number, total: number, step: Step): void {
    const { kernels } = this.arena;
    const [w, g, m, v] = [this.weights, this.#gradient, this.#first, this.#second]
      .map((array) => array.byteOffset + at * 4);
    if (step.solver === "adam") {
      const { rate, beta_1, beta_2, epsilon } = step;
      kernels.network_adam(w, g, m, v, count, alpha, 1 / total, rate, beta_1, beta_2, epsilon);
    } else {
      const nesterov = step.nesterov ? 1 : 0;
      kernels.network_descend(w, g, m, count, alpha, 1 / total, step.rate, step.momentum, nesterov);
    }
  }
}
