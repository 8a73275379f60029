/**
 * When a challenger, a canary or a shadow, has shown that it may take over, and when it must go. Nothing here looks
 * at a clock or a disk: numbers go in, a verdict comes out, and both go to the history.
 */
import { LatencyHistogram } from "@/shared/latency_histogram.ts";
import type { CountedVersion } from "@/shared/replica_protocol.ts";

/** How far what comes now is from what the model learned from; from the least to the gravest. */
export const DRIFT_VERDICTS = ["none", "warning", "drift"] as const;
export type DriftVerdict = (typeof DRIFT_VERDICTS)[number];

/** null for a limit: there is none. */
export interface PromotionRules {
  /** Requests that a challenger must have answered, at each step, before it can pass. */
  min_requests: number;
  /** Shortest time of each step, in seconds. */
  step_s: number;
  /** Weights that a challenger goes through, each once it has passed the one before; then it takes all requests. */
  steps: number[];
  /** Share of its requests that may fail beyond the primary's share, 0 to 1. */
  max_error_rate: number | null;
  /** Its 95th percentile of the latency over the primary's; only for a canary. */
  max_latency_ratio: number | null;
  /** Its 95th percentile of the latency, in milliseconds. */
  max_latency_ms: number | null;
  /** Share of rows that it may answer otherwise than the primary, 0 to 1. */
  max_disagreement: number | null;
  /** The gravest drift that is let pass. */
  max_drift: DriftVerdict | null;
  /** false: one that passes is written to the history and stays as it is. */
  promote: boolean;
}

/** What the two did since the present step began, over all replicas. */
export interface Figures {
  elapsed_s: number;
  /** Requests that the challenger answered: callers' for a canary, those beside for a shadow. */
  requests: number;
  errors: number;
  error_rate: number | null;
  primary_requests: number;
  primary_errors: number;
  primary_error_rate: number | null;
  /** 95th percentile; null before the first request. */
  latency_ms: number | null;
  primary_latency_ms: number | null;
  /** Rows that both answered. */
  compared_rows: number;
  differing_rows: number;
  disagreement: number | null;
  mean_abs_difference: number | null;
  /** null while it is not known. */
  drift: DriftVerdict | null;
}

export interface Verdict {
  decision: "wait" | "pass" | "fail";
  /** The limits that were broken; or what is waited for. */
  reasons: string[];
}

/** What was counted between two moments. A replica that was killed may have taken counts along. */
export function figuresOf(
  kind: "canary" | "shadow",
  challenger: { from: CountedVersion | null; to: CountedVersion | null },
  primary: { from: CountedVersion | null; to: CountedVersion | null },
  elapsed_s: number,
  drift: DriftVerdict | null,
): Figures {
  const own = callsSince(challenger.from, challenger.to);
  const first = callsSince(primary.from, primary.to);
  const [before, after] = [challenger.from?.shadow, challenger.to?.shadow];
  const since = (field: "requests" | "failures" | "rows" | "differing" | "abs_difference") =>
    Math.max(0, (after?.[field] ?? 0) - (before?.[field] ?? 0));
  const compared = since("rows");
  const shown = kind === "canary" ? own : {
    requests: since("requests"),
    errors: since("failures"),
    latency: LatencyHistogram.between(before?.latency, after?.latency),
  };
  return {
    elapsed_s: Math.round(elapsed_s * 10) / 10,
    requests: shown.requests,
    errors: shown.errors,
    error_rate: share(shown.errors, shown.requests),
    primary_requests: first.requests,
    primary_errors: first.errors,
    primary_error_rate: share(first.errors, first.requests),
    latency_ms: shown.latency.quantile(0.95),
    primary_latency_ms: first.latency.quantile(0.95),
    compared_rows: compared,
    differing_rows: since("differing"),
    disagreement: share(since("differing"), compared),
    mean_abs_difference: share(since("abs_difference"), compared),
    drift,
  };
}

function callsSince(from: CountedVersion | null, to: CountedVersion | null) {
  let requests = 0;
  let errors = 0;
  for (const [status, count] of Object.entries(to?.by_status ?? {})) {
    const new_ones = Math.max(0, count - (from?.by_status[status] ?? 0));
    requests += new_ones;
    if (Number(status) >= 400) errors += new_ones;
  }
  return { requests, errors, latency: LatencyHistogram.between(from?.latency, to?.latency) };
}

function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

/**
 * A share is taken of at least `min_requests`: so one bad answer of the first two is no verdict, and what can't
 * become good any more is one at once.
 */
export function judge(kind: "canary" | "shadow", rules: PromotionRules, figures: Figures): Verdict {
  const broken: string[] = [];
  const enough = figures.requests >= rules.min_requests;
  // A shadow is asked only what the primary could answer.
  const expected = kind === "canary" ? figures.requests * (figures.primary_error_rate ?? 0) : 0;
  const excess = (figures.errors - expected) / Math.max(figures.requests, rules.min_requests, 1);
  if (rules.max_error_rate !== null && excess > rules.max_error_rate) {
    broken.push(
      `error rate ${percent(excess)} beyond the primary's, and ${percent(rules.max_error_rate)} is allowed`,
    );
  }
  const disagreement = figures.differing_rows / Math.max(figures.compared_rows, rules.min_requests, 1);
  if (rules.max_disagreement !== null && disagreement > rules.max_disagreement) {
    broken.push(
      `${percent(disagreement)} of the answers differ, and ${percent(rules.max_disagreement)} are allowed`,
    );
  }
  const { latency_ms, primary_latency_ms } = figures;
  if (enough && rules.max_latency_ms !== null && latency_ms !== null && latency_ms > rules.max_latency_ms) {
    broken.push(`p95 latency ${rounded(latency_ms)} ms, and ${rules.max_latency_ms} ms is allowed`);
  }
  // Both must be known equally well; a histogram's bucket is 19 % wide, so a ratio below that says nothing.
  if (
    kind === "canary" && enough && rules.max_latency_ratio !== null && latency_ms !== null &&
    primary_latency_ms !== null && figures.primary_requests >= rules.min_requests &&
    latency_ms > rules.max_latency_ratio * primary_latency_ms
  ) {
    broken.push(
      `p95 latency ${
        rounded(latency_ms / primary_latency_ms)
      } times the primary's, and ${rules.max_latency_ratio} is allowed`,
    );
  }
  if (
    rules.max_drift !== null && figures.drift !== null &&
    DRIFT_VERDICTS.indexOf(figures.drift) > DRIFT_VERDICTS.indexOf(rules.max_drift)
  ) {
    broken.push(`drift is "${figures.drift}", and "${rules.max_drift}" is allowed`);
  }
  if (broken.length > 0) return { decision: "fail", reasons: broken };
  const missing: string[] = [];
  if (!enough) missing.push(`${figures.requests} of ${rules.min_requests} requests`);
  if (figures.elapsed_s < rules.step_s) missing.push(`${figures.elapsed_s} of ${rules.step_s} s`);
  return missing.length > 0 ? { decision: "wait", reasons: missing } : { decision: "pass", reasons: [] };
}

/** @returns the weight after this one; 1 when it has gone through all steps */
export function nextWeight({ steps }: PromotionRules, weight: number | null): number {
  return steps.find((step) => step > (weight ?? 0)) ?? 1;
}

function percent(value: number): string {
  return `${rounded(100 * value)} %`;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
