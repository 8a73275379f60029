/** What watching an endpoint has come to, asked from its replicas, which the supervisor tells it. */
import type { AccuracyEstimate } from "@/monitoring/drift.ts";
import type { QualityReport } from "@/monitoring/quality.ts";
import type { AlertReport, DriftReport, FeedbackReport, WatchReport } from "@/monitoring/watch_report.ts";
import type { ReplicaRow } from "./records.ts";
import { ReplicaDoor } from "./replica_door.ts";

export interface DescribedWatch {
  /** Of the version that serves; null: see drift_reason. */
  drift: DriftReport | null;
  drift_reason: string | null;
  /** How right that version is: without labels, and by labels. */
  accuracy: { estimate: AccuracyEstimate | null; labelled: QualityReport | null; feedback: FeedbackReport };
  /** Those that fire, and some that have resolved; newest first. */
  alerts: AlertReport[];
}

/** What the supervisor last told any of the replicas; null when none tells. */
export async function publishedReport(rows: readonly ReplicaRow[]): Promise<WatchReport | null> {
  for (const row of rows) {
    if (row.control_port === null) continue;
    try {
      const published = await new ReplicaDoor({ ...row, control_port: row.control_port }).published();
      if (published) return published.report;
    } catch { /* gone, busy, or of an earlier mlmcp: perhaps the next one tells */ }
  }
  return null;
}

export function watchedOf(
  live: number | null,
  report: WatchReport | null,
): DescribedWatch {
  const watched = report?.versions.find(({ version }) => version === live);
  const missing = live === null ? "Nothing is deployed." : "The supervisor has not looked at it yet.";
  return {
    drift: watched?.drift ?? null,
    drift_reason: watched ? watched.drift_reason : missing,
    accuracy: {
      estimate: watched?.estimate ?? null,
      labelled: watched?.quality ?? null,
      feedback: report?.feedback ?? { matched: 0, unmatched: 0 },
    },
    alerts: report?.alerts ?? [],
  };
}
