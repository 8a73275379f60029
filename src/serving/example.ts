/** An example of a request and its answer: the first golden row, which the artifact itself carries. */
import type { ServedModel } from "./served_model.ts";

export function exampleRow({ artifact }: ServedModel): Record<string, string | number | null> {
  return artifact.golden.rows[0];
}

export function exampleAnswer({ artifact, model_id, signature }: ServedModel): Record<string, unknown> {
  const { golden } = artifact;
  const classes = signature.output.classes;
  return {
    predictions: [golden.predictions[0]],
    ...(golden.probabilities && classes
      ? {
        probabilities: [Object.fromEntries(golden.probabilities[0].map((p, k) => [String(classes[k]), p]))],
      }
      : {}),
    model: model_id,
  };
}
