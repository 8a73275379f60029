/** How far two models' answers to the same rows are apart. */
import type { RowPredictions } from "@/artifact/predict_rows.ts";
import type { ServedModel } from "./served_model.ts";

/** Numbers further apart than this share of the target's standard deviation count as different answers. */
const TOLERANCE = 0.1;

export interface Difference {
  /** Rows with another class, or with numbers further apart than the tolerance. */
  differing: number;
  /** Sum over the rows: |difference| in units of the target, or half the sum of |differences| of probabilities. */
  abs_difference: number;
}

/** @param model the one that gave `a`; its target tells what is far */
export function compareAnswers(
  { signature, tolerance }: ServedModel,
  a: RowPredictions,
  b: RowPredictions,
): Difference {
  let differing = 0;
  let abs_difference = 0;
  for (let i = 0; i < a.predictions.length; i++) {
    if (signature.output.task === "regression") {
      const distance = Math.abs(Number(a.predictions[i]) - Number(b.predictions[i]));
      // NaN, from a shadow of another task, differs too.
      if (!(distance <= tolerance)) differing++;
      if (Number.isFinite(distance)) abs_difference += distance;
    } else {
      if (a.predictions[i] !== b.predictions[i]) differing++;
      abs_difference += variation(a.probabilities?.[i] ?? {}, b.probabilities?.[i] ?? {});
    }
  }
  return { differing, abs_difference };
}

/** Total variation distance, 0 to 1; a class that one of them does not know has the probability 0 there. */
function variation(a: Record<string, number>, b: Record<string, number>): number {
  let sum = 0;
  for (const label in a) sum += Math.abs(a[label] - (b[label] ?? 0));
  for (const label in b) if (!(label in a)) sum += b[label];
  return sum / 2;
}

/** In units of the target: a constant guess's error in training, or what the golden rows tell; 0 for classes. */
export function toleranceOf(
  { baseline, golden }: {
    baseline: { metrics: Record<string, number | null> };
    golden: { predictions: readonly (string | number)[] };
  },
): number {
  return TOLERANCE *
    (baseline.metrics.rmse ?? deviation(golden.predictions.filter(Number.isFinite) as number[]));
}

function deviation(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
