/** Rows set aside while boosting, to know when to stop. */
import { AppError } from "@/shared/errors.ts";
import type { Random } from "@/shared/random.ts";

/**
 * Splits row numbers into those to train on and those to hold out, keeping the shares of the classes.
 * @param n_classes 0: rows are drawn without regard to y
 * @param name of the algorithm, for the error
 * @returns both ascending; ceil(fraction * rows) are held out
 * @throws AppError invalid_argument when nothing would be left to train on
 */
export function holdOut(
  y: Float64Array,
  n_classes: number,
  fraction: number,
  random: Random,
  name = "gradient_boosting",
): { train: Int32Array; held: Int32Array } {
  const size = Math.ceil(fraction * y.length);
  if (size >= y.length) {
    throw new AppError(
      "invalid_argument",
      `Cannot fit ${name}: holding out ${size} of ${y.length} rows for early_stopping leaves none to learn from`,
      { hint: "Set early_stopping to false, or validation_fraction to null or a smaller number." },
    );
  }
  const groups: number[][] = Array.from({ length: Math.max(1, n_classes) }, () => []);
  for (let i = 0; i < y.length; i++) groups[n_classes > 0 ? y[i] : 0].push(i);
  const quota = groups.map((group) => Math.floor(fraction * group.length));
  // The rows that rounding left over go to the classes with the largest remainders.
  const remainder = groups.map((group, k) => fraction * group.length - quota[k]);
  const byRemainder = groups.map((_, k) => k).sort((a, b) => remainder[b] - remainder[a] || a - b);
  let left = size - quota.reduce((a, b) => a + b, 0);
  for (const k of byRemainder) {
    if (left > 0 && quota[k] + 1 < groups[k].length) {
      quota[k]++;
      left--;
    }
  }
  const isHeld = new Uint8Array(y.length);
  groups.forEach((group, k) => {
    random.shuffle(group);
    for (let i = 0; i < quota[k]; i++) isHeld[group[i]] = 1;
  });
  const train: number[] = [];
  const held: number[] = [];
  for (let i = 0; i < y.length; i++) (isHeld[i] === 1 ? held : train).push(i);
  return { train: Int32Array.from(train), held: Int32Array.from(held) };
}
