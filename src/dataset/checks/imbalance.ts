/** Classes so rare that the usual score says nothing about them. */
import { countValues } from "../task.ts";
import { percent } from "./column_values.ts";
import type { Check } from "./finding.ts";

const EXTREME = 0.95;
const STRONG = 0.9;

export const imbalance: Check = {
  name: "imbalance",
  title: "One class has nearly all rows.",
  severity: "warning from 95 % of the rows; info from 90 %",
  remedy: "Judge by balanced_accuracy, f1 or roc_auc, not by accuracy.",
  find({ target, task }) {
    if (!target || task !== "classification") return [];
    const counts = Array.from(countValues(target)).sort((a, b) => b[1] - a[1]);
    const rows = counts.reduce((sum, [, n]) => sum + n, 0);
    if (counts.length < 2 || counts[0][1] < STRONG * rows) return [];
    const [[most, n], [rarest, least]] = [counts[0], counts[counts.length - 1]];
    return [{
      severity: n >= EXTREME * rows ? "warning" : "info",
      columns: [target.name],
      message: `${percent(n / rows)} of the rows are ${
        JSON.stringify(String(most))
      }: guessing that scores as much.`,
      evidence: { most_frequent: most, share: percent(n / rows), rarest, rows_of_rarest: least },
      hint: `Judge by metric "balanced_accuracy"${
        counts.length === 2 ? ', "roc_auc"' : ""
      } or "f1", not by accuracy.`,
    }];
  },
};
