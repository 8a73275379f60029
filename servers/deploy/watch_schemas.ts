/** The parts of get_deployment_status that tell how the model does: drift, accuracy, alerts. */
import { z } from "zod";

const share = z.number().describe("0 to 1");
const test = z.object({
  statistic: z.number().describe("The test's statistic"),
  p_value: z.number().describe("Chance of one as large when nothing has changed"),
});
const verdict = z.enum(["none", "warning", "drift"]).nullable()
  .describe(
    "none: as in training, or too little to tell apart from chance; warning: changed (psi above 0.1 beyond chance); drift: changed much (0.25); null: fewer than 50 rows yet",
  );
const column = z.object({
  name: z.string().describe("Column"),
  verdict,
  window: z.enum(["recent", "hour"]).describe(
    "Where the verdict comes from: the last 1,000 rows, or the last hour",
  ),
  rows: z.int().describe("Rows looked at in that window"),
  psi: z.number().describe(
    "Population stability index against the training rows, with missing and unseen values as bins",
  ),
  kolmogorov_smirnov: test.nullable().describe(
    "Numbers and dates: two-sample test on the values that are there",
  ),
  chi_squared: test.describe("Two-sample test on the bins"),
  missing_share: share.describe("Rows without a value now, 0 to 1"),
  reference_missing_share: share.describe("The same in training"),
  unseen_share: share.describe(
    "Rows with an unknown category, or a number outside the training range, 0 to 1",
  ),
  reference_unseen_share: share.describe(
    "The same as training lets expect; for categories those that it had once",
  ),
});

export const drift = z.object({
  verdict,
  rows: z.object({
    recent: z.int().describe("Rows in the window of the last 1,000"),
    hour: z.int().describe("Rows in the window of the last hour"),
  }).describe("Rows that were looked at; of much traffic 1,000 a second and replica are"),
  columns: z.array(column).describe("Every feature, at most 200"),
  prediction: column.nullable().describe(
    "What the model answers, against its answers to unlearned rows in cross-validation",
  ),
}).nullable().describe(
  "Whether the rows of the version that serves look like its training rows; null: see drift_reason",
);

export const accuracy = z.object({
  estimate: z.object({
    accuracy: share.describe("Estimated share of right answers in the last 1,000 rows"),
    reference_accuracy: share.describe("The measured one on unlearned rows, in cross-validation"),
    confidence: share.describe("Mean probability of the class that was named"),
    reference_confidence: share.describe("The same on unlearned rows"),
    rows: z.int().describe("Rows it is estimated from"),
  }).nullable().describe(
    "Without labels, from how sure the model is and how often rows of that confidence were right in cross-validation; null for a regression or too few rows",
  ),
  labelled: z.object({
    rows: z.int().describe("Labelled rows it is measured on, at most the last 1,000"),
    metrics: z.record(z.string(), z.number()).describe(
      "accuracy and log_loss, or rmse and mae in units of the target",
    ),
  }).nullable().describe("From labels sent to POST {url}/feedback; null before the first"),
  feedback: z.object({
    matched: z.int().describe("Labels that met their prediction"),
    unmatched: z.int().describe(
      "Labels of no prediction that is kept: an unknown id, not sampled, too old, or labelled before",
    ),
  }).describe("What became of the labels"),
}).describe("How right the version that serves is");

export const alerts = z.array(z.object({
  alert_id: z.string().describe("Id of the alert"),
  rule: z.string().describe("The rule of alerts.rules that it is about"),
  state: z.enum(["firing", "resolved"]).describe("firing: it still holds"),
  value: z.union([z.number(), z.string()]).describe("What the rule looked at when it fired"),
  fired_at: z.string().describe("ISO 8601, UTC"),
  resolved_at: z.string().nullable().describe("ISO 8601, UTC; null while it fires"),
})).describe("Alerts that fire, and the last that have resolved, newest first");
