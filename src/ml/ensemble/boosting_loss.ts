/**
 * The losses that boosting minimises: first and second derivatives by the raw prediction.
 * src/kernels/boosting_loss.as.ts does the same, with the same bits.
 *
 * Gradients are 32-bit as in scikit-learn, so that both grow the same trees. Source: scikit-learn, `_loss/_loss.pyx`;
 * Friedman, "Greedy function approximation", 2001 (Huber's loss, its `alpha` a quantile of the residuals).
 */
import { exp, log } from "@/kernels/exp_log.ts";
import type { Targets } from "./boosting_engine.ts";
import { median, quantile } from "./boosting_quantile.ts";

export interface Loss {
  /** As boosting_loss.as.ts numbers them. */
  readonly code: number;
  /** Trees a round: 1, or one a class. */
  readonly trees: number;
  /** All second derivatives are 1. */
  readonly constantHessian: boolean;
  /** The raw prediction is the logarithm of the mean. */
  readonly isLog: boolean;
  /** The loss's own number in this round; absent: it has none. */
  alpha?(targets: Targets): number;
  /** Absent: leaves keep their Newton step. Else the leaf's value from the residuals of its rows. */
  leafValue?(residuals: Float64Array, weights: Float64Array | undefined, alpha: number): number;
  /** (trees) the best constant raw prediction. */
  baseline(y: Float64Array, weight: Float64Array | undefined): Float64Array;
  /** Of one row, without its weight. */
  gradient(y: number, raw: number, alpha: number): number;
  hessian(y: number, raw: number): number;
  value(y: number, raw: number, alpha: number): number;
}

export type LossName =
  | "squared_error"
  | "absolute_error"
  | "poisson"
  | "log_loss"
  | "huber"
  | "quantile"
  | "gamma";

/** @param alpha the quantile of `quantile`; of `huber` the share of residuals below which it is squared */
export function lossOf(name: LossName, n_classes: number, weighted: boolean, alpha: number): Loss {
  const newton = { trees: 1, constantHessian: false, isLog: false };
  const steep = { ...newton, constantHessian: !weighted, hessian: () => 1 };
  switch (name) {
    case "squared_error":
      return {
        ...steep,
        code: 0,
        baseline: (y, weight) => Float64Array.of(average(y, weight)),
        gradient: (y, raw) => raw - y,
        value: (y, raw) => 0.5 * ((raw - y) * (raw - y)),
      };
    case "absolute_error":
      return {
        ...steep,
        code: 1,
        leafValue: median,
        baseline: (y, weight) => Float64Array.of(median(y, weight)),
        gradient: (y, raw) => raw > y ? 1 : -1,
        value: (y, raw) => Math.abs(raw - y),
      };
    case "poisson":
      return {
        ...newton,
        code: 2,
        isLog: true,
        baseline: (y, weight) => Float64Array.of(log(average(y, weight))),
        gradient: (y, raw) => exp(raw) - y,
        hessian: (_y, raw) => exp(raw),
        value: (y, raw) => exp(raw) - y * raw,
      };
    case "log_loss":
      return n_classes <= 2 ? binaryLogLoss : multiclassLogLoss(n_classes);
    case "huber":
      return {
        ...steep,
        code: 5,
        alpha: (targets) =>
          quantile(
            Float64Array.from(targets.y, (y, i) => Math.abs(y - targets.raw[i])),
            targets.weight,
            alpha,
          ),
        leafValue(residuals, weights, delta) {
          const middle = median(residuals, weights);
          const clipped = residuals.map((r) => Math.max(-delta, Math.min(delta, r - middle)));
          return middle + average(clipped, weights);
        },
        baseline: (y, weight) => Float64Array.of(median(y, weight)),
        gradient: (y, raw, delta) => Math.min(Math.max(raw - y, -delta), delta),
        value(y, raw, delta) {
          const size = Math.abs(y - raw);
          return size <= delta ? 0.5 * (size * size) : delta * (size - 0.5 * delta);
        },
      };
    case "quantile":
      return {
        ...steep,
        code: 6,
        alpha: () => alpha,
        leafValue: (residuals, weights) => quantile(residuals, weights, alpha),
        baseline: (y, weight) => Float64Array.of(quantile(y, weight, alpha)),
        gradient: (y, raw) => y >= raw ? -alpha : 1 - alpha,
        value: (y, raw) => y >= raw ? alpha * (y - raw) : (1 - alpha) * (raw - y),
      };
    case "gamma":
      return {
        ...newton,
        code: 7,
        isLog: true,
        baseline: (y, weight) => Float64Array.of(log(average(y, weight))),
        gradient: (y, raw) => 1 - y * exp(-raw),
        hessian: (y, raw) => y * exp(-raw),
        value: (y, raw) => raw + y * exp(-raw),
      };
  }
}

/** Log loss of two classes; the raw prediction is the log odds of class 1. */
const binaryLogLoss: Loss = {
  code: 3,
  trees: 1,
  constantHessian: false,
  isLog: false,
  baseline(y, weight) {
    const share = clip(average(y, weight));
    return Float64Array.of(log(share / (1 - share)));
  },
  gradient(y, raw) {
    const e = exp(-Math.abs(raw));
    // The share of the other class, without the loss of digits that y - share has.
    const share = ((y > 0 ? -raw : raw) >= 0 ? 1 : e) / (1 + e);
    return y > 0 ? -share : share;
  },
  hessian(_y, raw) {
    const e = exp(-Math.abs(raw));
    return e / ((1 + e) * (1 + e));
  },
  value: (y, raw) => Math.max(raw, 0) + log(1 + exp(-Math.abs(raw))) - y * raw,
};

/** Log loss of several classes with softmax: `deriveAll` and `meanLoss` look at all trees of a row. */
function multiclassLogLoss(n_classes: number): Loss {
  const never = () => {
    throw new Error("softmax has no derivative of one tree alone");
  };
  return {
    code: 4,
    trees: n_classes,
    constantHessian: false,
    isLog: false,
    baseline(y, weight) {
      const logs = new Float64Array(n_classes);
      let mean = 0;
      for (let k = 0; k < n_classes; k++) {
        logs[k] = log(clip(average(y.map((one) => one === k ? 1 : 0), weight)));
        mean += logs[k] / n_classes;
      }
      return logs.map((value) => value - mean);
    },
    gradient: never,
    hessian: never,
    value: never,
  };
}

/** Rows whose sums are made in one piece, in the kernels too. */
export const BLOCK = 4096;
/** The largest gradient and hessian: 32 bits hold them. */
const LARGEST = 3e38;

/**
 * Writes the derivatives of all trees, (trees * rows).
 * @returns the sums of the sizes of each tree's gradients and hessians
 */
export function deriveAll(
  loss: Loss,
  { rows, y, raw, weight, stride }: Targets,
  alpha: number,
  gradient: Float32Array,
  hessian: Float32Array | undefined,
): [number, number][] {
  const bounded = (value: number) => Math.min(Math.max(value, -LARGEST), LARGEST);
  if (loss.trees === 1) {
    for (let i = 0; i < rows; i++) {
      const w = weight === undefined ? 1 : weight[i];
      gradient[i] = bounded(w * loss.gradient(y[i], raw[i], alpha));
      if (hessian !== undefined) hessian[i] = bounded(w * loss.hessian(y[i], raw[i]));
    }
  } else {
    const shares = new Float64Array(loss.trees);
    for (let i = 0; i < rows; i++) {
      const w = weight === undefined ? 1 : weight[i];
      softmaxAt(raw, i, stride, shares);
      for (let k = 0; k < loss.trees; k++) {
        gradient[k * rows + i] = bounded(w * (shares[k] - (y[i] === k ? 1 : 0)));
        hessian![k * rows + i] = bounded(w * (shares[k] * (1 - shares[k])));
      }
    }
  }
  return Array.from({ length: loss.trees }, (_, k) => [
    sumOfSizes(gradient.subarray(k * rows, (k + 1) * rows)),
    hessian === undefined ? rows : sumOfSizes(hessian.subarray(k * rows, (k + 1) * rows)),
  ]);
}

/** Block by block, even places and odd ones apart: the order of the kernels. */
function sumOfSizes(values: Float32Array): number {
  let sum = 0;
  for (let first = 0; first < values.length; first += BLOCK) {
    const last = Math.min(first + BLOCK, values.length);
    let even = 0;
    let odd = 0;
    for (let i = first; i < last; i += 2) {
      even += Math.abs(values[i]);
      if (i + 1 < last) odd += Math.abs(values[i + 1]);
    }
    sum += even + odd;
  }
  return sum;
}

/** The weighted mean of the loss. */
export function meanLoss(loss: Loss, { rows, y, raw, weight, stride }: Targets, alpha: number): number {
  const shares = new Float64Array(loss.trees);
  let total = 0;
  for (let first = 0; first < rows; first += BLOCK) {
    let sum = 0;
    for (let i = first; i < Math.min(first + BLOCK, rows); i++) {
      const value = loss.trees === 1
        ? loss.value(y[i], raw[i], alpha)
        : softmaxAt(raw, i, stride, shares) - raw[y[i] * stride + i];
      sum += weight === undefined ? value : weight[i] * value;
    }
    total += sum;
  }
  return total / totalWeight(rows, weight);
}

export function totalWeight(rows: number, weight: Float64Array | undefined): number {
  return weight === undefined ? rows : weight.reduce((a, b) => a + b, 0);
}

/** Writes the softmax of raw[k * stride + i] over k; returns the logarithm of the sum of exponentials. */
export function softmaxAt(raw: Float64Array, i: number, stride: number, shares: Float64Array): number {
  let largest = raw[i];
  for (let k = 1; k < shares.length; k++) largest = Math.max(largest, raw[k * stride + i]);
  let sum = 0;
  for (let k = 0; k < shares.length; k++) {
    shares[k] = exp(raw[k * stride + i] - largest);
    sum += shares[k];
  }
  for (let k = 0; k < shares.length; k++) shares[k] /= sum;
  return largest + log(sum);
}

function clip(share: number): number {
  return Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, share));
}

function average(values: Float64Array, weight: Float64Array | undefined): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += weight === undefined ? values[i] : weight[i] * values[i];
  return sum / totalWeight(values.length, weight);
}
