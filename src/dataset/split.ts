/**
 * Which rows train and which test: row numbers only, the same for the same seed.
 *
 * Source: scikit-learn's train_test_split, KFold, StratifiedKFold, GroupKFold and TimeSeriesSplit
 * (https://scikit-learn.org/stable/modules/cross_validation.html).
 */
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";

/** Row numbers, ascending. No row is on both sides; in a time split, rows after the test are on none. */
export interface Split {
  train: Uint32Array;
  test: Uint32Array;
}

export interface SplitOptions {
  /** Rows in the table. */
  rows: number;
  seed: number;
  /** The class of each row: every class is shared out in proportion. A class of one row only trains. */
  strata?: Int32Array | Float64Array;
  /** The group of each row: no group is on both sides. With `strata` the classes are balanced as groups allow. */
  groups?: Int32Array;
  /** The time of each row: the test is later than the training. Rows of one moment stay together; a row
   * without a time (NaN) counts as the earliest. Goes with neither `strata` nor `groups`. */
  order?: Float64Array;
}

/**
 * One split; the test has ceil(rows * test_fraction) rows, or as near to it as groups and moments allow.
 * @throws AppError invalid_argument when it can't be done: fewer than 2 rows, one group, one moment, a
 *   fraction outside (0, 1)
 */
export function holdoutSplit(options: SplitOptions & { test_fraction: number }): Split {
  const { rows, test_fraction, seed, strata, groups, order } = options;
  check(options);
  if (!(test_fraction > 0 && test_fraction < 1)) {
    throw impossible(
      `test_fraction is ${test_fraction}`,
      "Choose a fraction above 0 and below 1, such as 0.2.",
    );
  }
  const wanted = Math.min(Math.ceil(rows * test_fraction), rows - 1);
  const random = new Random(seed);
  if (order) return holdoutByTime(order, wanted);
  if (groups) return holdoutByGroup(groups, strata, test_fraction, random);
  const inTest = new Uint8Array(rows);
  const classes = strata ? rowsByValue(strata) : [iota(rows)];
  if (classes.every((members) => members.length < 2)) {
    throw impossible(
      "every class has one row",
      "Classes need at least 2 rows. Is the target the right column?",
    );
  }
  const counts = shareOut(classes.map((members) => members.length), wanted);
  classes.forEach((members, c) => {
    random.shuffle(members);
    for (let i = 0; i < counts[c]; i++) inTest[members[i]] = 1;
  });
  return splitBy(inTest, (side) => side === 1);
}

/**
 * `folds` splits whose tests together hold every row once (by time: an expanding window over the later rows).
 * @throws AppError invalid_argument when it can't be done: fewer rows, groups or moments than folds
 */
export function kFoldSplits(options: SplitOptions & { folds: number }): Split[] {
  const { rows, folds, seed, strata, groups, order } = options;
  check(options);
  if (!Number.isInteger(folds) || folds < 2) {
    throw impossible(`folds is ${folds}`, "Choose a whole number of folds from 2 up, such as 5.");
  }
  if (rows < folds) {
    throw impossible(`${rows} rows can't fill ${folds} folds`, `Use at most ${rows} folds, or more rows.`);
  }
  const random = new Random(seed);
  if (order) return foldsByTime(order, folds);
  const fold = groups ? foldsByGroup(groups, strata, folds, random) : deal(rows, strata, folds, random);
  return Array.from({ length: folds }, (_, f) => splitBy(fold, (side) => side === f));
}

/** The fold of each row: classes one after the other, dealt in turn, so folds differ by at most one row. */
function deal(rows: number, strata: SplitOptions["strata"], folds: number, random: Random): Uint16Array {
  const fold = new Uint16Array(rows);
  let turn = 0;
  for (const members of strata ? rowsByValue(strata) : [iota(rows)]) {
    for (const row of random.shuffle(members)) fold[row] = turn++ % folds;
  }
  return fold;
}

/**
 * How many of each class to take so that the sum is `wanted`: in proportion, by the largest remainder
 * (Hamilton's method), at least one of each class left behind.
 */
function shareOut(sizes: number[], wanted: number): number[] {
  const free = sizes.map((size) => size - 1);
  const total = sizes.reduce((sum, size) => sum + (size > 1 ? size : 0), 0);
  const quotas = sizes.map((size) => (size > 1 ? (size * wanted) / total : 0));
  const counts = quotas.map((quota, c) => Math.min(Math.floor(quota), free[c]));
  let left = Math.min(wanted, free.reduce((sum, n) => sum + n, 0)) - counts.reduce((sum, n) => sum + n, 0);
  const byRemainder = quotas.map((_, c) => c).sort((a, b) =>
    (quotas[b] - counts[b]) - (quotas[a] - counts[a]) || a - b
  );
  while (left > 0) {
    for (const c of byRemainder) {
      if (left > 0 && counts[c] < free[c]) {
        counts[c]++;
        left--;
      }
    }
  }
  return counts;
}

function holdoutByTime(order: Float64Array, wanted: number): Split {
  const sorted = byTime(order);
  const cut = cutBetweenMoments(sorted, order, sorted.length - wanted);
  if (cut === 0) throw impossible("all rows have the same time", "Name a column whose times differ.");
  return { train: sorted.slice(0, cut).sort(), test: sorted.slice(cut).sort() };
}

function foldsByTime(order: Float64Array, folds: number): Split[] {
  const sorted = byTime(order);
  const size = Math.floor(sorted.length / (folds + 1));
  if (size === 0) {
    throw impossible(
      `${sorted.length} rows can't fill ${folds} folds in time`,
      `Use at most ${sorted.length - 1} folds.`,
    );
  }
  const cuts = Array.from({ length: folds }, (_, f) => sorted.length - (folds - f) * size)
    .map((cut) => cutBetweenMoments(sorted, order, cut));
  cuts.push(sorted.length);
  if (cuts[0] === 0 || cuts.some((cut, f) => f > 0 && cut <= cuts[f - 1])) {
    throw impossible(`the rows have too few different times for ${folds} folds`, "Use fewer folds.");
  }
  return cuts.slice(0, -1).map((cut, f) => ({
    train: sorted.slice(0, cut).sort(),
    test: sorted.slice(cut, cuts[f + 1]).sort(),
  }));
}

function byTime(order: Float64Array): Uint32Array {
  const before = (a: number, b: number) =>
    timeOf(order, a) < timeOf(order, b) ? -1 : timeOf(order, a) > timeOf(order, b) ? 1 : a - b;
  return iota(order.length).sort(before);
}

function timeOf(order: Float64Array, row: number): number {
  return Number.isNaN(order[row]) ? -Infinity : order[row];
}

/** The nearest later place where the time changes, else the nearest earlier one; 0 when there is none. */
function cutBetweenMoments(sorted: Uint32Array, order: Float64Array, wanted: number): number {
  const changes = (at: number) => timeOf(order, sorted[at]) !== timeOf(order, sorted[at - 1]);
  for (let cut = wanted; cut < sorted.length; cut++) if (cut > 0 && changes(cut)) return cut;
  for (let cut = wanted - 1; cut > 0; cut--) if (changes(cut)) return cut;
  return 0;
}

/** Takes groups in random order, each one that brings the test's classes nearer to the wanted share. */
function holdoutByGroup(
  groups: Int32Array,
  strata: SplitOptions["strata"],
  fraction: number,
  random: Random,
): Split {
  const { ids, counts, totals } = countGroups(groups, strata);
  if (ids.size < 2) throw impossible("all rows are in one group", "Name a column with at least two groups.");
  const chosen = new Set<number>();
  const filled = new Float64Array(totals.length);
  const gain = (g: number) =>
    counts[g].reduce(
      (sum, n, c) => sum - (n / totals[c]) * (2 * (filled[c] / totals[c] - fraction) + n / totals[c]),
      0,
    );
  const sequence = random.shuffle(iota(ids.size));
  for (const g of sequence) {
    if (chosen.size === ids.size - 1 || gain(g) <= 0) continue;
    chosen.add(g);
    counts[g].forEach((n, c) => filled[c] += n);
  }
  // Every group is too large for the share: the least bad one tests.
  if (chosen.size === 0) chosen.add(sequence.reduce((best, g) => (gain(g) > gain(best) ? g : best)));
  return splitBy(
    Uint8Array.from(groups, (group) => chosen.has(ids.get(group)!) ? 1 : 0),
    (side) => side === 1,
  );
}

/** The fold of each row: the largest groups first, each into the fold that lacks its classes most. */
function foldsByGroup(
  groups: Int32Array,
  strata: SplitOptions["strata"],
  folds: number,
  random: Random,
): Uint16Array {
  const { ids, counts, totals } = countGroups(groups, strata);
  if (ids.size < folds) {
    throw impossible(`${ids.size} groups can't fill ${folds} folds`, `Use at most ${ids.size} folds.`);
  }
  const sizes = counts.map((ofClass) => ofClass.reduce((sum, n) => sum + n, 0));
  const foldOf = new Uint16Array(ids.size);
  const filled = Array.from({ length: folds }, () => new Float64Array(totals.length));
  const members = new Uint32Array(folds);
  const sequence = random.shuffle(iota(ids.size)).sort((a, b) => sizes[b] - sizes[a]);
  sequence.forEach((g, done) => {
    const mustOpen = members.filter((n) => n === 0).length >= ids.size - done;
    let best = -1;
    let least = Infinity;
    for (let f = 0; f < folds; f++) {
      if (mustOpen && members[f] > 0) continue;
      const cost = counts[g].reduce(
        (sum, n, c) => sum + (n / totals[c]) * ((2 * filled[f][c] + n) / totals[c]),
        0,
      );
      if (cost < least) [best, least] = [f, cost];
    }
    foldOf[g] = best;
    members[best]++;
    counts[g].forEach((n, c) => filled[best][c] += n);
  });
  return Uint16Array.from(groups, (group) => foldOf[ids.get(group)!]);
}

/** Group -> index, rows of each class in each group [group][class], and rows of each class. */
function countGroups(groups: Int32Array, strata: SplitOptions["strata"]) {
  const ids = indexValues(groups);
  const classes = strata ? indexValues(strata) : new Map([[0, 0]]);
  const counts = Array.from({ length: ids.size }, () => new Float64Array(classes.size));
  const totals = new Float64Array(classes.size);
  for (let row = 0; row < groups.length; row++) {
    const c = strata ? classes.get(strata[row])! : 0;
    counts[ids.get(groups[row])!][c]++;
    totals[c]++;
  }
  return { ids, counts, totals };
}

/** Each different value, ascending, with its index; NaN is one value. */
function indexValues(values: Int32Array | Float64Array): Map<number, number> {
  const distinct = Float64Array.from(new Set(values)).sort();
  return new Map(Array.from(distinct, (value, i) => [value, i]));
}

/** The rows of each value, values ascending, rows ascending. */
function rowsByValue(values: Int32Array | Float64Array): Uint32Array[] {
  const index = indexValues(values);
  const rows: number[][] = Array.from({ length: index.size }, () => []);
  for (let row = 0; row < values.length; row++) rows[index.get(values[row])!].push(row);
  return rows.map((members) => Uint32Array.from(members));
}

function splitBy(sides: Uint8Array | Uint16Array, isTest: (side: number) => boolean): Split {
  const all = iota(sides.length);
  return { train: all.filter((row) => !isTest(sides[row])), test: all.filter((row) => isTest(sides[row])) };
}

function iota(n: number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, i) => i);
}

function check({ rows, strata, groups, order }: SplitOptions): void {
  if (rows < 2) throw impossible(`there are ${rows} rows`, "At least 2 rows are needed.");
  for (const [name, values] of Object.entries({ strata, groups, order })) {
    if (values && values.length !== rows) {
      throw impossible(`${name} has ${values.length} values for ${rows} rows`, "");
    }
  }
  if (order && (strata || groups)) {
    throw impossible("a split by time was asked to keep classes or groups too", "Choose one of them.");
  }
}

function impossible(state: string, hint: string): AppError {
  return new AppError("invalid_argument", `Cannot split the rows: ${state}`, { hint });
}
