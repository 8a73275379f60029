/** Whether what comes now looks like what the model learned from: a verdict a column, and one on the whole. */
import { countsOf } from "./layout.ts";
import type { ConfidenceProfile } from "./model_profile.ts";
import type { ColumnProfile } from "./profile.ts";
import { chiSquared, kolmogorovSmirnov, stabilityIndex, type Test } from "./two_samples.ts";

export type Verdict = "none" | "warning" | "drift";

export const VERDICTS: readonly Verdict[] = ["none", "warning", "drift"];

export interface ColumnDrift {
  name: string;
  /** null: too few rows to tell. */
  verdict: Verdict | null;
  /** Population stability index over the bins, missing and unseen values among them. */
  psi: number;
  /** Numbers and dates: on the values that are there. */
  kolmogorov_smirnov: Test | null;
  /** On the same bins as psi. */
  chi_squared: Test;
  missing_share: number;
  reference_missing_share: number;
  /** Values that training never had: unknown categories, numbers outside the range. */
  unseen_share: number;
  reference_unseen_share: number;
  rows: number;
}

/** With fewer rows than this nothing is said. */
export const FEWEST_ROWS = 50;
/** The usual rule of thumb for the index; here for what is left of it after what chance alone adds. */
const SLIGHT = 0.1;
const STRONG = 0.25;
/**
 * How unlikely a difference must be by chance, over all columns of a model together. Small, since it is asked anew
 * with every look, thousands of times a day.
 */
const CHANCE = 1e-5;

/**
 * A column has drifted when the difference is both too large to be harmless and too unlikely to be chance: with few
 * rows chance alone makes large differences, with many the smallest one is certain.
 * @param found its bins in the window, missing first
 * @param columns among how many it stands (Bonferroni)
 */
export function judgeColumn(profile: ColumnProfile, found: readonly number[], columns: number): ColumnDrift {
  const reference = countsOf(profile);
  const { psi, expected } = stabilityIndex(reference, found);
  const chi_squared = chiSquared(reference, found);
  const kolmogorov_smirnov = profile.edges ? kolmogorovSmirnov(reference.slice(1), found.slice(1)) : null;
  const rows = total(found);
  const known = total(reference);
  const p = kolmogorov_smirnov
    ? 2 * Math.min(kolmogorov_smirnov.p_value, chi_squared.p_value)
    : chi_squared.p_value;
  const certain = p * columns < CHANCE;
  const size = psi - expected;
  const verdict = Math.min(rows, known) < FEWEST_ROWS
    ? null
    : certain && size >= STRONG
    ? "drift"
    : certain && size >= SLIGHT
    ? "warning"
    : "none";
  const unseen = (counts: readonly number[]) => counts.at(-1)! + (profile.edges ? counts[1] : 0);
  return {
    name: profile.name,
    verdict,
    psi: rounded(psi),
    kolmogorov_smirnov: kolmogorov_smirnov && roundedTest(kolmogorov_smirnov),
    chi_squared: roundedTest(chi_squared),
    missing_share: share(found[0], rows),
    reference_missing_share: share(reference[0], known),
    unseen_share: share(unseen(found), rows),
    reference_unseen_share: share(unseen(reference), known),
    rows,
  };
}

/** The gravest of some verdicts; null when none was given. */
export function gravest(verdicts: readonly (Verdict | null)[]): Verdict | null {
  let worst = -1;
  for (const verdict of verdicts) if (verdict) worst = Math.max(worst, VERDICTS.indexOf(verdict));
  return worst < 0 ? null : VERDICTS[worst];
}

export interface AccuracyEstimate {
  /** As the confidence of the rows lets expect. */
  accuracy: number;
  /** On unlearned rows, when the model was made. */
  reference_accuracy: number;
  /** The mean confidence now, and then. */
  confidence: number;
  reference_confidence: number;
  rows: number;
}

/**
 * How often the model is right, without knowing the truth: every row counts as right as often as the unlearned rows
 * of the same confidence were. It holds as far as confidence means the same as before, that is, for other mixtures of
 * known inputs; how well the probabilities are calibrated does not matter.
 * Source: histogram binning (Zadrozny and Elkan, ICML 2001), summed over the rows.
 * @param found rows in each bin of the confidence, missing first
 */
export function estimateAccuracy(
  profile: ConfidenceProfile,
  found: readonly number[],
  confidence_sum: number,
): AccuracyEstimate | null {
  const rows = total(found) - found[0];
  if (rows < FEWEST_ROWS || profile.rows < FEWEST_ROWS) return null;
  let right = 0;
  for (let bin = 0; bin < profile.right.length; bin++) {
    if (found[bin + 1] > 0) right += found[bin + 1] * accuracyIn(profile, bin);
  }
  return {
    accuracy: rounded(right / rows),
    reference_accuracy: rounded(profile.accuracy),
    confidence: rounded(confidence_sum / rows),
    reference_confidence: rounded(profile.mean),
    rows,
  };
}

/** Of a bin; of the nearest one that has rows, where it has none, as beyond the range. */
function accuracyIn({ bins: { counts }, right }: ConfidenceProfile, bin: number): number {
  for (let away = 0; away < counts.length; away++) {
    for (const near of [bin - away, bin + away]) if (counts[near] > 0) return right[near] / counts[near];
  }
  return 0;
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : rounded(part / whole);
}

/** Four significant digits: more would be noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function roundedTest({ statistic, p_value }: Test): Test {
  return { statistic: rounded(statistic), p_value: rounded(p_value) };
}
