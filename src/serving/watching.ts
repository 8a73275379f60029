/**
 * What a replica remembers of the predictions it gives, until its supervisor takes it: counts for drift, some answers
 * to compare with the truth or to write to the log, and the truth as callers tell it. All of it bounded.
 *
 * A request only leaves references to its rows here; they are counted later, a few at a time, between requests.
 */
import type { RowPredictions } from "@/artifact/predict_rows.ts";
import { rowsToTable } from "@/artifact/rows_to_table.ts";
import { addTallies, type Answer, Tally, type TallyWire } from "@/monitoring/tally.ts";
import {
  type FeedbackEntry,
  placeOfRequest,
  type PredictionRecord,
  type Published,
  type WatchBatch,
  type WatchRequest,
  type WatchSettings,
} from "@/monitoring/watch_protocol.ts";
import type { WatchReport } from "@/monitoring/watch_report.ts";
import type { Exchange } from "./exchange.ts";
import type { ServedModel } from "./served_model.ts";

/** So many rows a second are looked at for drift. Beyond them shares get no better, only answers slower. */
const ROWS_PER_SECOND = 1000;
/** So many are counted at a time: a tenth of a millisecond. */
const COUNTED_AT_ONCE = 64;
/** Between two looks of the supervisor, a second, and for as long as there is none. */
const MOST_RECORDS = 2000;
export const MOST_FEEDBACK = 10_000;
const MOST_CLASSES = 20;
/** Versions whose counts wait to be taken. */
const MOST_VERSIONS = 8;

interface Watched {
  /** null: its model has no profile. */
  tally: Tally | null;
  /** What waits to be counted. */
  rows: unknown[];
  answers: Answer[];
  /** Rows that may still be looked at in that second. */
  left: number;
  second: number;
}

export class Watching {
  /** Until the supervisor has said otherwise. */
  settings: WatchSettings = { keep_share: 1, log_share: 0, log_inputs: false, log_omit: [] };
  /** null before the supervisor's first look, and where there is none. */
  published: Published | null = null;
  /** What watching has come to. */
  report: WatchReport = { versions: [], feedback: { matched: 0, unmatched: 0 }, alerts: [] };
  readonly #watched = new Map<ServedModel, Watched>();
  readonly #counted = new Map<number, TallyWire>();
  #records: PredictionRecord[] = [];
  #feedback: FeedbackEntry[] = [];
  #dropped_records = 0;
  /** Those who wait to hear what became of a label, by its ticket. */
  readonly #callers = new Map<number, (matched: boolean) => void>();
  #ticket = 0;
  #out: WatchBatch | null = null;
  #seq = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** @param failed is told what went wrong where no caller can hear of it */
  constructor(readonly failed: (error: unknown) => void = () => {}) {}

  /** Takes note of a request that was answered. */
  see(
    { request_id, started_ms }: Pick<Exchange, "request_id" | "started_ms">,
    model: ServedModel,
    rows: readonly unknown[],
    answer: RowPredictions,
  ): void {
    this.count(model, rows, answer, started_ms);
    const { keep_share, log_share } = this.settings;
    if (keep_share === 0 && log_share === 0) return;
    const place = keep_share === 1 && log_share === 0 ? 0 : placeOfRequest(request_id);
    if (place < keep_share || place < log_share) {
      const at_ms = Math.round(performance.timeOrigin + started_ms);
      this.#record({ request_id, at_ms }, model, rows, answer, place < keep_share, place < log_share);
    }
  }

  /** Some rows, spread evenly over the request, are counted for drift. */
  count(model: ServedModel, rows: readonly unknown[], answer: RowPredictions, now_ms: number): void {
    const watched = this.#of(model);
    const second = Math.floor(now_ms / 1000);
    if (second !== watched.second) {
      watched.second = second;
      watched.left = ROWS_PER_SECOND;
    }
    if (watched.left === 0 || watched.tally === null) return;
    const taken = Math.min(rows.length, watched.left);
    watched.left -= taken;
    const step = rows.length / taken;
    for (let i = 0; i < taken; i++) {
      const at = Math.floor(i * step);
      const prediction = answer.predictions[at];
      watched.rows.push(rows[at]);
      watched.answers.push({
        prediction,
        confidence: answer.probabilities?.[at][String(prediction)] ?? null,
      });
    }
    if (watched.rows.length >= COUNTED_AT_ONCE) this.#timer ??= setTimeout(() => this.#binSome(), 0);
  }

  #of(model: ServedModel): Watched {
    let watched = this.#watched.get(model);
    if (!watched) {
      const { profile, pipeline } = model.artifact;
      const tally = profile && new Tally(profile, pipeline.features, pipeline.target.classes);
      this.#watched.set(model, watched = { tally, rows: [], answers: [], left: 0, second: -1 });
    }
    return watched;
  }

  #binSome(): void {
    this.#timer = null;
    for (const [model, watched] of this.#watched) {
      if (watched.rows.length >= COUNTED_AT_ONCE) this.#bin(model, watched, COUNTED_AT_ONCE);
      if (watched.rows.length >= COUNTED_AT_ONCE) this.#timer ??= setTimeout(() => this.#binSome(), 0);
    }
  }

  #bin(model: ServedModel, watched: Watched, most: number): void {
    const rows = watched.rows.splice(0, most);
    const answers = watched.answers.splice(0, most);
    if (rows.length === 0) return;
    try {
      watched.tally!.add(rowsToTable(model.artifact.pipeline, rows).table.columns, answers);
    } catch (error) {
      this.failed(error);
    }
  }

  #record(
    request: Pick<PredictionRecord, "request_id" | "at_ms">,
    model: ServedModel,
    rows: readonly unknown[],
    { predictions, probabilities }: RowPredictions,
    keep: boolean,
    log: boolean,
  ): void {
    const room = MOST_RECORDS - this.#records.length;
    this.#dropped_records += Math.max(0, rows.length - room);
    const told = (model.signature.output.classes?.length ?? Infinity) <= MOST_CLASSES;
    for (let row = 0; row < Math.min(rows.length, room); row++) {
      this.#records.push({
        ...request,
        row,
        version: model.version,
        prediction: predictions[row],
        ...(told && probabilities ? { probabilities: probabilities[row] } : {}),
        ...(log
          ? { log: this.settings.log_inputs ? { inputs: this.#toldInputs(model, rows[row]) } : {} }
          : {}),
        keep,
      });
    }
  }

  /** By column name, without those that the log never tells. */
  #toldInputs({ signature }: ServedModel, row: unknown): Record<string, unknown> {
    const given = row as Record<string, unknown> | unknown[];
    const told: Record<string, unknown> = {};
    signature.inputs.forEach(({ name }, j) => {
      if (this.settings.log_omit.includes(name)) return;
      told[name] = (Array.isArray(given) ? given[j] : given[name]) ?? null;
    });
    return told;
  }

  /** All of it, or nothing. @returns whether it found room */
  hear(entries: readonly FeedbackEntry[]): boolean {
    const waiting = this.#feedback.length + (this.#out?.feedback.length ?? 0);
    if (waiting + entries.length > MOST_FEEDBACK) return false;
    this.#feedback.push(...entries);
    return true;
  }

  /**
   * As `hear`, and waits until the supervisor has told what became of each.
   * @returns one an entry: whether it met its prediction; null when it was not told in time. null: no room
   */
  async hearOut(entries: readonly FeedbackEntry[], wait_ms: number): Promise<(boolean | null)[] | null> {
    const first = this.#ticket + 1;
    this.#ticket += entries.length;
    if (!this.hear(entries.map((entry, i) => ({ ...entry, ticket: first + i })))) return null;
    const told = new Array<boolean | null>(entries.length).fill(null);
    let left = entries.length;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, wait_ms);
      entries.forEach((_, i) =>
        this.#callers.set(first + i, (matched) => {
          told[i] = matched;
          if (--left > 0) return;
          clearTimeout(timer);
          done();
        })
      );
    });
    entries.forEach((_, i) => this.#callers.delete(first + i));
    return told;
  }

  /** Takes in what the endpoint has come to, and gives what was seen since. What did not come through is given again. */
  exchange({ seen, settings, published, joined }: WatchRequest): WatchBatch {
    this.settings = settings;
    this.published = published;
    if (published) this.report = published.report;
    for (const [ticket, matched] of joined) this.#callers.get(ticket)?.(matched);
    for (const [model, watched] of this.#watched) {
      this.#bin(model, watched, Infinity);
      const taken = watched.tally?.take();
      if (taken) {
        this.#counted.set(model.version, addTallies(this.#counted.get(model.version) ?? null, taken));
      } else this.#watched.delete(model); // Whatever still serves comes back with its next request.
    }
    const lost = this.#out?.seq === seen ? null : this.#out;
    this.#out = {
      seq: ++this.#seq,
      tallies: this.#takeTallies(lost),
      records: [...lost?.records ?? [], ...this.#records].slice(-MOST_RECORDS),
      feedback: [...lost?.feedback ?? [], ...this.#feedback],
      dropped_records: this.#dropped_records + (lost?.dropped_records ?? 0),
    };
    this.#records = [];
    this.#feedback = [];
    this.#dropped_records = 0;
    return this.#out;
  }

  #takeTallies(lost: WatchBatch | null): Record<string, TallyWire> {
    const tallies: Record<string, TallyWire> = { ...lost?.tallies };
    for (const [version, tally] of this.#counted) {
      tallies[version] = addTallies(tallies[version] ?? null, tally);
    }
    this.#counted.clear();
    const newest = Object.keys(tallies).map(Number).sort((a, b) => b - a).slice(0, MOST_VERSIONS);
    return Object.fromEntries(newest.map((version) => [version, tallies[version]]));
  }
}
