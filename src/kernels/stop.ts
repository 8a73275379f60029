/**
 * The wish of another thread that the work at hand ends, as one word on shared memory. A Worker that is busy can't be
 * ended from outside, so long loops look here, and long kernels by what they import as `stopped`.
 */

/** Ends the work at hand: nobody waits for it. */
export class Stopped extends Error {
  constructor() {
    super("the work was stopped");
  }
}

let flag: Int32Array = new Int32Array(new SharedArrayBuffer(4));

/** From now on this Worker's work ends when the word is not 0. */
export function stopBy(word: Int32Array): void {
  flag = word;
}

/** The word, for threads and kernels. */
export function stopWord(): Int32Array {
  return flag;
}

/** @throws Stopped when nobody wants the work any more; some nanoseconds otherwise */
export function checkStop(): void {
  if (Atomics.load(flag, 0) !== 0) throw new Stopped();
}
