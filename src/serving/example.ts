/** An example of a request and its answer: a golden row, which the artifact itself carries. */
import type { ServedModel } from "./served_model.ts";

/** The first golden row without a missing value, if there is one. */
export function exampleIndex({ artifact }: ServedModel): number {
  return Math.max(0, artifact.golden.rows.findIndex((row) => !Object.values(row).includes(null)));
}

/** In the order of the signature. */
export function exampleRow(model: ServedModel): Record<string, string | number | null> {
  const row = model.artifact.golden.rows[exampleIndex(model)];
  return Object.fromEntries(model.signature.inputs.map(({ name }) => [name, row[name] ?? null]));
}

/** Every golden row with what it was predicted, for people to try: at most eight. */
export function exampleRows(
  model: ServedModel,
): { row: Record<string, string | number | null>; prediction: string | number }[] {
  const { golden } = model.artifact;
  return golden.rows.map((row, i) => ({
    row: Object.fromEntries(model.signature.inputs.map(({ name }) => [name, row[name] ?? null])),
    prediction: golden.predictions[i],
  }));
}

export function exampleAnswer(model: ServedModel): Record<string, unknown> {
  const { golden } = model.artifact;
  const i = exampleIndex(model);
  const classes = model.signature.output.classes;
  return {
    predictions: [golden.predictions[i]],
    ...(golden.probabilities && classes
      ? {
        probabilities: [Object.fromEntries(golden.probabilities[i].map((p, k) => [String(classes[k]), p]))],
      }
      : {}),
    model: model.model_id,
  };
}
