/** Rows of the holdout that training saw too: what is measured on them is memory. */
import { hashRows } from "../duplicates.ts";
import type { Column } from "../table.ts";
import { countDistinct, percent } from "./column_values.ts";
import type { Check } from "./finding.ts";

const SOME = 0.05;
const MOST = 0.5;
/** So many times more combinations of values than rows: rows do not meet by chance. */
const ROOMY = 20;
/** Values of the most varied column, beside the different rows. */
const VARIED = 0.1;
const MIN_VALUES = 20;

export const duplicateRows: Check = {
  name: "duplicate_rows",
  title: "Rows of the holdout also stand in the training rows, target included.",
  severity:
    "error from half of the holdout up; warning from 5 %; info where few different values repeat by chance",
  remedy:
    "Remove the repeated rows, or validate by the column that tells whose rows they are (method group).",
  find({ table, features, target, split, sample }) {
    if (!split || split.test.length === 0 || features.length === 0) return [];
    const hashes = hashRows({ rows: table.rows, columns: target ? [...features, target] : features });
    // Of 32 bits: one row in some thousands is taken for another by chance, which no share below depends on.
    const seen = new Set<number>();
    for (const row of split.train) seen.add(hashes[row]);
    const different = seen.size;
    let known = 0;
    for (const row of split.test) if (seen.has(hashes[row])) known++;
    const share = known / split.test.length;
    if (share < SOME) return [];
    const isCoarse = repeatByChance(features, sample, different * sample.length / table.rows);
    return [{
      severity: isCoarse ? "info" : share >= MOST ? "error" : "warning",
      columns: [],
      message: `${percent(share)} of the holdout's rows also stand in the training rows, target included${
        isCoarse ? " (the columns have few different values, so rows repeat by chance)" : ""
      }.`,
      evidence: { holdout_rows_known: known, holdout_rows: split.test.length, rows: table.rows },
      hint: isCoarse
        ? "Nothing to do if these are different things that look alike."
        : 'Remove the repeated rows, or keep them together with validation {method: "group"}.',
    }];
  },
};

/** Few combinations of values, or none of the columns with many values, as counts of rare words have. */
function repeatByChance(features: readonly Column[], sample: Uint32Array, different: number): boolean {
  let combinations = 1;
  let most = 0;
  for (const column of features) {
    const distinct = countDistinct(column, sample);
    combinations *= Math.max(1, distinct);
    most = Math.max(most, distinct);
    if (combinations >= ROOMY * sample.length && most >= Math.max(MIN_VALUES, VARIED * different)) {
      return false;
    }
  }
  return true;
}
