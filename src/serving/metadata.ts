/** GET /metadata: what serves here, for programs and people that have only the URL. */
import { VERSION } from "@/shared/version.ts";
import type { Replica } from "./replica_state.ts";

export function metadata(replica: Replica): Record<string, unknown> {
  const { traffic } = replica.holder;
  const { primary: model } = traffic;
  const { artifact, signature } = model;
  return {
    endpoint: replica.endpoint,
    model: model.model_id,
    version: model.version,
    traffic: traffic.models.map(({ version, model_id }) => ({
      version,
      model: model_id,
      weight: traffic.weightOf(version),
      shadow: traffic.plan.shadow === version,
    })),
    algorithm: artifact.pipeline.algorithm,
    task: signature.output.task,
    signature,
    metrics: artifact.metrics,
    metrics_from: artifact.metrics_from,
    baseline: artifact.baseline.metrics,
    dataset: artifact.dataset,
    artifact_sha256: artifact.sha256,
    size_bytes: artifact.size_bytes,
    trained_with: artifact.code_version,
    served_with: VERSION,
    uptime_s: Math.round((performance.now() - replica.started_ms) / 100) / 10,
  };
}
