/**
 * Share of the time that this process was busy, over the last seconds. Measured by the kernel, so reading, parsing
 * and garbage collection count too; and it needs no right.
 */
import process from "node:process";

/** Long enough to be steady, short enough that a burst is seen while it lasts. */
const WINDOW_MS = 2000;
const LOOK_EVERY_MS = 250;

export class Utilization {
  readonly #marks: { at_ms: number; cpu_ms: number }[] = [];

  /** @param cpu_ms tells how long the process has computed so far; given by tests */
  constructor(readonly cpu_ms: () => number = cpuTime) {}

  /** Begins to measure. @returns stops it */
  start(): () => void {
    this.look(performance.now());
    const timer = setInterval(() => this.look(performance.now()), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }

  look(now_ms: number): void {
    this.#marks.push({ at_ms: now_ms, cpu_ms: this.cpu_ms() });
    // One mark older than the window stays: what is measured is from there.
    while (this.#marks.length > 2 && now_ms - this.#marks[1].at_ms >= WINDOW_MS) this.#marks.shift();
  }

  /** 0 to 1; threads of the runtime beside the one that serves don't make it more. */
  now(now_ms: number): number {
    const from = this.#marks[0];
    if (!from || now_ms <= from.at_ms) return 0;
    return Math.min(1, Math.max(0, (this.cpu_ms() - from.cpu_ms) / (now_ms - from.at_ms)));
  }
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
