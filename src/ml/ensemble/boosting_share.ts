/** Work cut into parts for threads. */
import type { Kernel, Threads } from "@/kernels/threads.ts";

export class Share {
  readonly #threads: Threads;
  /** For tests: all threads get a part, however short. */
  readonly isCutFine: boolean;

  constructor(threads: Threads, isCutFine: boolean) {
    this.#threads = threads;
    this.isCutFine = isCutFine;
  }

  /**
   * Runs a kernel on parts of 0..total, this thread the first; returns how many parts there were.
   * @param least what a part must hold to be worth another thread
   * @param results gets what each part returned
   */
  run(
    kernel: Kernel,
    total: number,
    least: number,
    args: (from: number, to: number, part: number) => number[],
    results: number[] = [],
  ): number {
    const most = Math.floor(total / (this.isCutFine ? 1 : least));
    const parts = Math.max(1, Math.min(this.#threads.size, most));
    const cut = (part: number) => Math.floor(total * part / parts);
    const tasks: number[] = [];
    const own = args(0, cut(1), 0);
    for (let part = 1; part < parts; part++) {
      tasks.push(this.#threads.submit(kernel, ...args(cut(part), cut(part + 1), part)));
    }
    results[0] = (this.#threads.kernels[kernel] as (...args: number[]) => number)(...own);
    tasks.forEach((task, i) => results[i + 1] = this.#threads.wait(task));
    return parts;
  }
}
