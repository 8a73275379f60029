/** The numbers of a column that are there: by the kernels for many rows, in TypeScript for few, with the same bits. */
import { type Arena, withArena } from "@/kernels/solo.ts";
import { sumOf, sumsFrom } from "../sums.ts";
import { medianOf } from "./median.ts";

export interface LoadedNumbers {
  /** Of values that are not missing. */
  readonly count: number;
  readonly sum: number;
  /** 0 for none. */
  median(): number;
  /** Sum and sum of squares of x - from. */
  sumsFrom(from: number): { sum: number; squares: number };
}

/** From so many rows on, and up to so many, the kernels are quicker and have room. */
const MANY_ROWS = 4096;
const MOST_ROWS = 2 ** 26;

/** @param values NaN is missing */
export function withNumbers<T>(values: Float64Array, work: (numbers: LoadedNumbers) => T): T {
  if (values.length < MANY_ROWS || values.length > MOST_ROWS) return work(plainNumbers(values));
  return withArena((arena) => work(quickNumbers(arena, values)));
}

export function plainNumbers(values: Float64Array): LoadedNumbers {
  const whole = sumOf(values);
  // A sum of finite numbers is no number only where one is missing.
  const there = whole === whole ? values : values.filter((value) => value === value);
  return {
    count: there.length,
    sum: whole === whole ? whole : sumOf(there),
    median: () => medianOf(there),
    sumsFrom: (from) => sumsFrom(there, from),
  };
}

export function quickNumbers({ kernels, room }: Arena, values: Float64Array): LoadedNumbers {
  const numbers = room(values.length);
  numbers.set(values);
  const at = numbers.byteOffset;
  let [count, sum] = [values.length, kernels.column_sum(at, values.length)];
  if (sum !== sum) {
    count = kernels.column_compact(at, values.length);
    sum = kernels.column_sum(at, count);
  }
  const pair = room(2);
  return {
    count,
    sum,
    median() {
      if (count < 2) return count === 0 ? 0 : numbers[0];
      const scratch = room(Math.max(count + 1, 1024)).byteOffset;
      kernels.column_select(at, count, (count - 1) >> 1, scratch, pair.byteOffset);
      return count % 2 === 1 ? pair[0] : pair[0] / 2 + pair[1] / 2;
    },
    sumsFrom(from) {
      kernels.column_moments(at, count, from, pair.byteOffset);
      return { sum: pair[0], squares: pair[1] };
    },
  };
}
