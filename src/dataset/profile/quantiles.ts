/** Quantiles as numpy's default (linear between the two nearest ranks), of sorted and of unsorted numbers. */
export const SHARES = { p5: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95 } as const;

export type Quantiles = Record<keyof typeof SHARES, number>;

/** @param at the number of each rank, from 0; `count` of them, one at least */
export function quantilesBy(count: number, at: (rank: number) => number): Quantiles {
  return Object.fromEntries(
    Object.entries(SHARES).map(([name, share]) => {
      const place = (count - 1) * share;
      const low = at(Math.floor(place));
      const high = at(Math.min(Math.floor(place) + 1, count - 1));
      const part = place - Math.floor(place);
      const step = high - low;
      return [name, Number.isFinite(step) ? low + step * part : low * (1 - part) + high * part];
    }),
  ) as Quantiles;
}

/** The ranks that `quantilesBy` asks for. */
export function ranksFor(count: number): number[] {
  const ranks = Object.values(SHARES).flatMap((share) => {
    const low = Math.floor((count - 1) * share);
    return [low, Math.min(low + 1, count - 1)];
  });
  return [...new Set(ranks)].sort((a, b) => a - b);
}

const DIGIT = 1 << 16;
/** From here up the first 16 bits are those of infinities and of what is missing. */
const NOT_FINITE = 0x7ff0;
const SIGN = 0x8000;

interface Group {
  /** What is looked for: the rank among all, and among the numbers of this group. */
  wanted: { rank: number; left: number }[];
  isNegative: boolean;
  /** The first bits, which all numbers of the group share. */
  digits: number[];
}

/**
 * The finite numbers of the given ranks (ascending, from 0), exactly, without sorting or copying: four readings, each
 * fixes 16 more bits of every answer. Memory: 0.4 MB a rank. A sketch would be no smaller, and only about right.
 */
export function selectRanks(values: Float64Array, ranks: readonly number[]): Map<number, number> {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const all: Group = { wanted: ranks.map((rank) => ({ rank, left: rank })), isNegative: false, digits: [] };
  const first = new Int32Array(DIGIT);
  for (let at = 1; at < words.length; at += 2) first[words[at] >>> 16]++;
  let [groups, inFirst] = split([all], first);
  const second = new Int32Array(groups.length * DIGIT);
  for (let at = 1; at < words.length; at += 2) {
    const group = inFirst[words[at] >>> 16];
    if (group >= 0) second[group * DIGIT + (words[at] & 0xffff)]++;
  }
  const [inGroups, inSecond] = split(groups, second);
  groups = inGroups;
  const third = new Int32Array(groups.length * DIGIT);
  for (let at = 1; at < words.length; at += 2) {
    const before = inFirst[words[at] >>> 16];
    if (before < 0) continue;
    const group = inSecond[before * DIGIT + (words[at] & 0xffff)];
    if (group >= 0) third[group * DIGIT + (words[at - 1] >>> 16)]++;
  }
  const [inThirds, inThird] = split(groups, third);
  groups = inThirds;
  const fourth = new Int32Array(groups.length * DIGIT);
  for (let at = 1; at < words.length; at += 2) {
    const before = inFirst[words[at] >>> 16];
    if (before < 0) continue;
    const then = inSecond[before * DIGIT + (words[at] & 0xffff)];
    if (then < 0) continue;
    const group = inThird[then * DIGIT + (words[at - 1] >>> 16)];
    if (group >= 0) fourth[group * DIGIT + (words[at - 1] & 0xffff)]++;
  }
  return new Map(
    split(groups, fourth)[0].flatMap(({ wanted, digits: [a, b, c, d] }) => {
      const value = new Float64Array(Uint32Array.of(c * DIGIT + d, a * DIGIT + b).buffer)[0];
      return wanted.map(({ rank }) => [rank, value + 0] as const);
    }),
  );
}

/**
 * The groups that the answers fall into by their next 16 bits, and the number of the new group of each of the old
 * groups and bits (-1: nothing is looked for there).
 */
function split(groups: readonly Group[], counts: Int32Array): [Group[], Int8Array] {
  const next: Group[] = [];
  const lookup = new Int8Array(counts.length).fill(-1);
  groups.forEach((group, g) => {
    const wanted = [...group.wanted];
    let before = 0;
    for (let step = 0; step < DIGIT && wanted.length > 0; step++) {
      const digit = digitAt(step, group);
      const here = group.digits.length === 0 && (digit & 0x7fff) >= NOT_FINITE
        ? 0
        : counts[g * DIGIT + digit];
      const inside = wanted.splice(0, countBelow(wanted, before + here));
      if (inside.length > 0) {
        lookup[g * DIGIT + digit] = next.length;
        next.push({
          wanted: inside.map(({ rank, left }) => ({ rank, left: left - before })),
          isNegative: group.digits.length === 0 ? digit >= SIGN : group.isNegative,
          digits: [...group.digits, digit],
        });
      }
      before += here;
    }
  });
  return [next, lookup];
}

/** The digits in the order of the numbers: the larger the bits of a negative number, the smaller it is. */
function digitAt(step: number, { digits, isNegative }: Group): number {
  if (digits.length > 0) return isNegative ? DIGIT - 1 - step : step;
  return step < SIGN ? DIGIT - 1 - step : step - SIGN;
}

function countBelow(wanted: Group["wanted"], end: number): number {
  let count = 0;
  while (count < wanted.length && wanted[count].left < end) count++;
  return count;
}
