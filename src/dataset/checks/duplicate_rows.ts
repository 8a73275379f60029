/** Rows of the holdout that training saw too: what is measured on them is memory. */
import { hashRows } from "../duplicates.ts";
import type { Column } from "../table.ts";
import { countDistinct, percent, rounded } from "./column_values.ts";
import type { Check } from "./finding.ts";

const SOME = 0.05;
const MOST = 0.5;
const ENOUGH_ROWS = 200;
/** With fewer combinations of values for each row, rows meet by chance. */
const ROOMY = 20;
/** So unevenly rows repeat where a few of them are common; copies of a whole table repeat evenly. */
const BY_NATURE = 4;
const COPIED = 0.3;

export const duplicateRows: Check = {
  name: "duplicate_rows",
  title: "Rows of the holdout also stand in the training rows, target included.",
  severity:
    "error when most do and all rows repeat evenly, as in a table that was copied; warning from 5 %; info where few different values meet by chance",
  remedy:
    "Remove the repeated rows, or validate by the column that tells whose rows they are (method group).",
  find({ table, features, target, split, sample }) {
    if (!split || split.test.length === 0 || features.length === 0) return [];
    // Of 32 bits: one row in some thousands is taken for another by chance, which no share below depends on.
    const hashes = hashRows({ rows: table.rows, columns: target ? [...features, target] : features });
    const seen = new Set<number>();
    for (const row of split.train) seen.add(hashes[row]);
    let known = 0;
    for (const row of split.test) if (seen.has(hashes[row])) known++;
    const share = known / split.test.length;
    if (share < SOME) return [];
    const uneven = unevenness(hashes);
    const isCoarse = uneven > BY_NATURE || meetByChance(features, sample);
    const isCopied = share >= MOST && uneven <= COPIED && table.rows >= ENOUGH_ROWS;
    return [{
      severity: isCoarse ? "info" : isCopied ? "error" : "warning",
      columns: [],
      message: `${percent(share)} of the holdout's rows also stand in the training rows, target included${
        isCoarse ? " (few different values meet by chance)" : ""
      }.`,
      evidence: {
        holdout_rows_known: known,
        holdout_rows: split.test.length,
        rows: table.rows,
        unevenness: rounded(uneven),
      },
      hint: isCoarse
        ? "Nothing to do if these are different things that look alike."
        : 'Remove the repeated rows, or keep them together with validation {method: "group"}.',
    }];
  },
};

/** Of how often the different rows occur: the variance, divided by the squared mean. */
function unevenness(hashes: Int32Array): number {
  const times = new Map<number, number>();
  for (const hash of hashes) times.set(hash, (times.get(hash) ?? 0) + 1);
  let squares = 0;
  for (const n of times.values()) squares += n * n;
  return squares * times.size / hashes.length ** 2 - 1;
}

function meetByChance(features: readonly Column[], sample: Uint32Array): boolean {
  let combinations = 1;
  for (const column of features) {
    combinations *= Math.max(1, countDistinct(column, sample));
    if (combinations >= ROOMY * sample.length) return false;
  }
  return true;
}
