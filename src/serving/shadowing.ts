/**
 * The shadow: a model that is asked too what callers were answered by another. They never wait for it and never
 * hear of it; it works between requests, for at most a quarter of the time, and what it can't keep up with is
 * dropped and counted.
 */
import type { RowPredictions } from "@/artifact/predict_rows.ts";
import type { Asked } from "./answer_rows.ts";
import { compareAnswers } from "./compare_answers.ts";
import type { Counters } from "./counters.ts";
import type { ServedModel } from "./served_model.ts";
import { ShadowCounters } from "./shadow_counters.ts";
import type { Watching } from "./watching.ts";

/** Requests and rows that wait at most; one request alone may have more rows. */
const MAX_REQUESTS = 256;
const MAX_ROWS = 20_000;
/** It works so long at a time, or for one request if that takes longer, and then rests three times as long. */
const SLICE_MS = 2;
const REST = 3;

export interface ShadowTask {
  shadow: ServedModel;
  /** Whose answer the caller got. */
  answered: ServedModel;
  answer: RowPredictions;
  /** Answers the same request with another model. */
  ask(model: ServedModel): Asked;
}

export class Shadowing {
  readonly #counters: Counters;
  readonly #watching: Watching;
  #waiting: ShadowTask[] = [];
  #rows = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(counters: Counters, watching: Watching) {
    this.#counters = counters;
    this.#watching = watching;
  }

  /** Returns at once: the work is done after the answer was sent. */
  add(task: ShadowTask): void {
    const rows = task.answer.predictions.length;
    const full = this.#waiting.length >= MAX_REQUESTS || (this.#rows > 0 && this.#rows + rows > MAX_ROWS);
    if (full) {
      this.#of(task.shadow).dropped++;
      return;
    }
    this.#waiting.push(task);
    this.#rows += rows;
    this.#timer ??= setTimeout(() => this.#work(), 0);
  }

  /** Drops what waits: the traffic has changed, and a model that is not held any more must not live on in here. */
  clear(): void {
    for (const { shadow } of this.#waiting) this.#of(shadow).dropped++;
    this.#waiting = [];
    this.#rows = 0;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #work(): void {
    const started = performance.now();
    let elapsed = 0;
    let done = 0;
    while (done < this.#waiting.length && elapsed < SLICE_MS) {
      const task = this.#waiting[done++];
      this.#rows -= task.answer.predictions.length;
      this.#do(task);
      elapsed = performance.now() - started;
    }
    this.#waiting = this.#waiting.slice(done);
    this.#timer = this.#waiting.length > 0 ? setTimeout(() => this.#work(), REST * elapsed) : null;
  }

  #do({ shadow, answered, answer, ask }: ShadowTask): void {
    const counted = this.#of(shadow);
    const started = performance.now();
    try {
      const { rows, answer: other } = ask(shadow);
      counted.latency.record(performance.now() - started);
      const { differing, abs_difference } = compareAnswers(answered, answer, other);
      this.#watching.count(shadow, rows, other, started);
      counted.rows += answer.predictions.length;
      counted.differing += differing;
      counted.abs_difference += abs_difference;
    } catch {
      counted.failures++;
    }
    counted.requests++;
  }

  #of({ version }: ServedModel): ShadowCounters {
    return this.#counters.of(version).shadow ??= new ShadowCounters();
  }
}
