/**
 * The losses that boosting minimises: first and second derivatives by the raw prediction.
 *
 * Raw predictions are (trees * rows), one stretch of rows a tree of a round. Gradients are 32-bit as in scikit-learn,
 * so that both grow the same trees. Source: scikit-learn, `_loss/_loss.pyx`.
 */

export interface Loss {
  /** Trees a round: 1, or one a class. */
  readonly trees: number;
  /** All second derivatives are 1. */
  readonly constantHessian: boolean;
  /** Absent: leaves keep their Newton step. Else the leaf's value from the residuals of its rows. */
  leafValue?(residuals: Float64Array, weights: Float64Array | undefined): number;
  /** (trees) the best constant raw prediction. */
  baseline(y: Float64Array, weight: Float64Array | undefined): Float64Array;
  /** Writes the derivatives, (trees * rows). `hessian` is left alone when it is constant. */
  derive(
    y: Float64Array,
    raw: Float64Array,
    weight: Float64Array | undefined,
    gradient: Float32Array,
    hessian: Float32Array,
  ): void;
  /** The weighted mean loss. */
  mean(y: Float64Array, raw: Float64Array, weight: Float64Array | undefined): number;
}

export function squaredError(weighted: boolean): Loss {
  return {
    trees: 1,
    constantHessian: !weighted,
    baseline: (y, weight) => Float64Array.of(average(y, weight)),
    derive(y, raw, weight, gradient, hessian) {
      for (let i = 0; i < y.length; i++) {
        const w = weight === undefined ? 1 : weight[i];
        gradient[i] = w * (raw[i] - y[i]);
        if (weight !== undefined) hessian[i] = w;
      }
    },
    mean: (y, raw, weight) => averageOf(y.length, weight, (i) => 0.5 * (raw[i] - y[i]) ** 2),
  };
}

export function absoluteError(weighted: boolean): Loss {
  return {
    trees: 1,
    constantHessian: !weighted,
    leafValue: median,
    baseline: (y, weight) => Float64Array.of(median(y, weight)),
    derive(y, raw, weight, gradient, hessian) {
      for (let i = 0; i < y.length; i++) {
        const w = weight === undefined ? 1 : weight[i];
        gradient[i] = raw[i] > y[i] ? w : -w;
        if (weight !== undefined) hessian[i] = w;
      }
    },
    mean: (y, raw, weight) => averageOf(y.length, weight, (i) => Math.abs(raw[i] - y[i])),
  };
}

/** For counts: the raw prediction is the logarithm of the mean. */
export function poisson(): Loss {
  return {
    trees: 1,
    constantHessian: false,
    baseline: (y, weight) => Float64Array.of(Math.log(average(y, weight))),
    derive(y, raw, weight, gradient, hessian) {
      for (let i = 0; i < y.length; i++) {
        const w = weight === undefined ? 1 : weight[i];
        const mean = Math.exp(raw[i]);
        gradient[i] = w * (mean - y[i]);
        hessian[i] = w * mean;
      }
    },
    mean: (y, raw, weight) => averageOf(y.length, weight, (i) => Math.exp(raw[i]) - y[i] * raw[i]),
  };
}

/** Log loss of two classes; the raw prediction is the log odds of class 1. */
export function binaryLogLoss(): Loss {
  return {
    trees: 1,
    constantHessian: false,
    baseline(y, weight) {
      const share = clip(average(y, weight));
      return Float64Array.of(Math.log(share / (1 - share)));
    },
    derive(y, raw, weight, gradient, hessian) {
      for (let i = 0; i < y.length; i++) {
        const w = weight === undefined ? 1 : weight[i];
        if (raw[i] > -37) {
          const inverse = Math.exp(-raw[i]);
          gradient[i] = w * ((1 - y[i] - y[i] * inverse) / (1 + inverse));
          hessian[i] = w * (inverse / ((1 + inverse) * (1 + inverse)));
        } else {
          const odds = Math.exp(raw[i]);
          gradient[i] = w * (odds - y[i]);
          hessian[i] = w * odds;
        }
      }
    },
    mean: (y, raw, weight) =>
      averageOf(
        y.length,
        weight,
        (i) => Math.max(raw[i], 0) + Math.log1p(Math.exp(-Math.abs(raw[i]))) - y[i] * raw[i],
      ),
  };
}

/** Log loss of several classes with softmax. */
export function multiclassLogLoss(n_classes: number): Loss {
  const shares = new Float64Array(n_classes);
  return {
    trees: n_classes,
    constantHessian: false,
    baseline(y, weight) {
      const logs = new Float64Array(n_classes);
      let mean = 0;
      for (let k = 0; k < n_classes; k++) {
        logs[k] = Math.log(clip(averageOf(y.length, weight, (i) => y[i] === k ? 1 : 0)));
        mean += logs[k] / n_classes;
      }
      return logs.map((log) => log - mean);
    },
    derive(y, raw, weight, gradient, hessian) {
      const n = y.length;
      for (let i = 0; i < n; i++) {
        const w = weight === undefined ? 1 : weight[i];
        softmaxAt(raw, i, n, shares);
        for (let k = 0; k < n_classes; k++) {
          gradient[k * n + i] = w * (shares[k] - (y[i] === k ? 1 : 0));
          hessian[k * n + i] = w * (shares[k] * (1 - shares[k]));
        }
      }
    },
    mean: (y, raw, weight) =>
      averageOf(y.length, weight, (i) => {
        const logSum = softmaxAt(raw, i, y.length, shares);
        return logSum - raw[y[i] * y.length + i];
      }),
  };
}

/** Writes the softmax of raw[k * rows + i] over k; returns the logarithm of the sum of exponentials. */
export function softmaxAt(raw: Float64Array, i: number, rows: number, shares: Float64Array): number {
  let largest = -Infinity;
  for (let k = 0; k < shares.length; k++) largest = Math.max(largest, raw[k * rows + i]);
  let sum = 0;
  for (let k = 0; k < shares.length; k++) {
    shares[k] = Math.exp(raw[k * rows + i] - largest);
    sum += shares[k];
  }
  for (let k = 0; k < shares.length; k++) shares[k] /= sum;
  return largest + Math.log(sum);
}

function clip(share: number): number {
  return Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, share));
}

function average(values: Float64Array, weight: Float64Array | undefined): number {
  return averageOf(values.length, weight, (i) => values[i]);
}

function averageOf(n: number, weight: Float64Array | undefined, value: (i: number) => number): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const w = weight === undefined ? 1 : weight[i];
    sum += w * value(i);
    total += w;
  }
  return sum / total;
}

/** The weighted median; halfway between two values where the weights are even. */
export function median(values: Float64Array, weight: Float64Array | undefined): number {
  const n = values.length;
  if (weight === undefined) {
    const sorted = values.slice().sort();
    return n % 2 === 1 ? sorted[(n - 1) / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
  }
  const order: number[] = [];
  let total = 0;
  for (let i = 0; i < n; i++) {
    if (weight[i] === 0) continue;
    order.push(i);
    total += weight[i];
  }
  if (order.length === 0) return 0;
  order.sort((a, b) => values[a] - values[b]);
  let sum = 0;
  for (let k = 0; k < order.length; k++) {
    sum += weight[order[k]];
    if (sum < total / 2) continue;
    const even = sum - total / 2 <= Number.EPSILON && k + 1 < order.length;
    return even ? values[order[k]] / 2 + values[order[k + 1]] / 2 : values[order[k]];
  }
  return values[order[order.length - 1]];
}
