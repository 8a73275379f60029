/** Whether the sealed rows of a continued model are new to it. */
import type { Finding } from "@/dataset/checks/finding.ts";
import type { Holdout, ModelVersion, Registry } from "@/registry/registry.ts";

/** Name of the finding. */
const SEEN_BEFORE = "seen_before";

/** They are new only if the model that it goes on from, and those before it, have left out the very same ones. */
export function seenBefore(registry: Registry, before: ModelVersion, holdout: Holdout | null): Finding[] {
  const inherited = registry.artifact(before).findings.some(({ check }) => check === SEEN_BEFORE);
  if (!holdout || (holdout.sha256 === before.holdout?.sha256 && !inherited)) return [];
  return [{
    check: SEEN_BEFORE,
    severity: "warning",
    columns: [],
    message: `The model that this one goes on from may have learned from rows that are now sealed: ${
      inherited
        ? "that was so when it was continued itself"
        : "it left out other rows, or none, or was trained on other data"
    }. A score on the sealed rows can be too good.`,
    evidence: { continued_from: before.artifact_sha256, dataset_sha256: before.dataset.sha256 },
    hint: "Validate on rows that neither fit has seen (validate_model with dataset), or train anew.",
  }];
}
