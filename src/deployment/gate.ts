/** The gate: a model reaches an endpoint only with the receipt that validate_model wrote for these very bytes. */
import { AppError } from "@/shared/errors.ts";
import type { ModelVersion, Registry } from "@/registry/registry.ts";

/** @throws AppError failed_precondition saying what is wrong with the receipt */
export function checkGate(
  registry: Registry,
  model: ModelVersion,
  gate_id: string | undefined,
  require_gate: boolean,
): void {
  const refuse = (state: string, hint: string) =>
    new AppError("failed_precondition", `Cannot deploy ${model.model_id}: ${state}`, { hint });
  if (gate_id === undefined) {
    if (!require_gate) return;
    throw refuse(
      "it comes without a gate_id",
      "Call validate_model with a min_score, and pass on the gate_id it returns; or say require_gate: false.",
    );
  }
  // A receipt that is given is checked even where none is required: it goes into the history.
  const receipt = registry.receipt(gate_id);
  if (!receipt) {
    throw refuse(
      `there is no gate receipt "${gate_id}"`,
      "Pass the gate_id exactly as validate_model returned it.",
    );
  }
  if (receipt.artifact_sha256 !== model.artifact_sha256) {
    throw refuse(
      `the receipt ${gate_id} is for another artifact, that of ${receipt.model_id}`,
      `Call validate_model for ${model.model_id}.`,
    );
  }
  if (receipt.passed) return;
  throw refuse(
    `it did not pass the gate: ${receipt.metric} is ${rounded(receipt.score)}, and ${
      rounded(receipt.min_score)
    } was asked for`,
    "Train a better model, or validate with another threshold.",
  );
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}
