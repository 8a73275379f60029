/** What watching an endpoint has come to: what status, metrics, pages and rules read. */
import type { AccuracyEstimate, ColumnDrift, Verdict } from "./drift.ts";
import type { QualityReport } from "./quality.ts";

export interface WatchReport {
  /** By deployment version, those that get traffic. */
  versions: VersionReport[];
  feedback: FeedbackReport;
  alerts: AlertReport[];
}

export interface VersionReport {
  version: number;
  /** null: see drift_reason. */
  drift: DriftReport | null;
  drift_reason: string | null;
  /** Without labels; null for a regression, or with too few rows. */
  estimate: AccuracyEstimate | null;
  /** With labels; null before the first. */
  quality: QualityReport | null;
}

export interface WindowedDrift extends ColumnDrift {
  /** The window with the graver verdict: the last 1,000 rows, or the last hour. */
  window: "recent" | "hour";
}

export interface DriftReport {
  /** The gravest of all; null: too few rows to tell. */
  verdict: Verdict | null;
  /** Rows in the window of the last 1,000, and of the last hour. */
  rows: { recent: number; hour: number };
  columns: WindowedDrift[];
  prediction: WindowedDrift | null;
}

export interface FeedbackReport {
  /** Labels that met their prediction. */
  matched: number;
  /** Labels of no prediction that is kept: never made, not sampled, too old, or labelled before. */
  unmatched: number;
}

export interface AlertReport {
  alert_id: string;
  rule: string;
  state: "firing" | "resolved";
  /** What the rule looked at when it fired. */
  value: number | string;
  /** ISO 8601, UTC. */
  fired_at: string;
  resolved_at: string | null;
}
