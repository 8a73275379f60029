import { defineMetric, type Truth } from "../metric.ts";
import { weightAt } from "./truth.ts";

/** Two classes: the probability of the second ranks the rows. More: one class against the others, plain mean. */
export const rocAuc = defineMetric({
  name: "roc_auc",
  title: "ROC AUC",
  description:
    "Probability that a row of the class is ranked above a row that is not; with several classes the mean of each against the rest; 0.5 is chance, 1 is best.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.roc_auc_score.html",
  task: "classification",
  greater_is_better: true,
  compute(truth) {
    if (truth.n_classes === 2) return aucOfClass(truth, 1);
    let sum = 0;
    for (let k = 0; k < truth.n_classes; k++) sum += aucOfClass(truth, k);
    return sum / truth.n_classes;
  },
});

/** NaN when every row, or no row, is of the class. Equal probabilities count half. */
function aucOfClass(truth: Truth, k: number): number {
  const { y, scores, n_classes } = truth;
  const scoreOf = (i: number) => scores[i * n_classes + k];
  const order = Uint32Array.from(y, (_, i) => i).sort((a, b) => scoreOf(a) - scoreOf(b));
  let positive = 0;
  let negative = 0;
  let pairs = 0;
  for (let at = 0; at < order.length;) {
    let tiedPositive = 0;
    let tiedNegative = 0;
    const score = scoreOf(order[at]);
    if (Number.isNaN(score)) return NaN;
    for (; at < order.length && scoreOf(order[at]) === score; at++) {
      const weight = weightAt(truth, order[at]);
      if (y[order[at]] === k) tiedPositive += weight;
      else tiedNegative += weight;
    }
    pairs += tiedPositive * (negative + tiedNegative / 2);
    positive += tiedPositive;
    negative += tiedNegative;
  }
  return positive === 0 || negative === 0 ? NaN : pairs / (positive * negative);
}
