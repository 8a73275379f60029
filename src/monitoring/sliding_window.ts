/** Sums over the last rows or the last seconds, in a few parts of which the oldest is let go at a time. */
import type { TallyWire } from "./tally.ts";
import { addTallies } from "./tally.ts";

/** Where the window ends: after so many rows, or so many seconds. */
export type Span = { rows: number } | { seconds: number };

/** In how many parts a window slides. */
const PARTS = 10;

interface Part {
  /** Unix seconds. */
  from_s: number;
  sum: TallyWire;
}

export interface WindowState {
  parts: Part[];
}

export class SlidingWindow {
  readonly #parts: Part[];

  /** @param state what `state()` gave, to go on from */
  constructor(readonly span: Span, state: WindowState | null = null) {
    this.#parts = state ? [...state.parts] : [];
  }

  add(tally: TallyWire, now_s: number): void {
    const last = this.#parts.at(-1);
    if (!last || this.#isFull(last, now_s)) this.#parts.push({ from_s: now_s, sum: tally });
    else last.sum = addTallies(last.sum, tally);
    this.forget(now_s);
  }

  #isFull({ from_s, sum }: Part, now_s: number): boolean {
    return "rows" in this.span
      ? sum.rows >= this.span.rows / PARTS
      : now_s - from_s >= this.span.seconds / PARTS;
  }

  /** Lets go what is too old. */
  forget(now_s: number): void {
    const { span } = this;
    const isOver = () => {
      if ("rows" in span) return this.#rows() - this.#parts[0].sum.rows >= span.rows;
      return this.#parts[0].from_s + span.seconds / PARTS < now_s - span.seconds;
    };
    while (this.#parts.length > 0 && isOver()) this.#parts.shift();
  }

  #rows(): number {
    return this.#parts.reduce((rows, { sum }) => rows + sum.rows, 0);
  }

  /** null when it is empty. */
  sum(): TallyWire | null {
    return this.#parts.reduce<TallyWire | null>((all, { sum }) => addTallies(all, sum), null);
  }

  state(): WindowState {
    return { parts: this.#parts };
  }
}
