/** One version under watch: what its rows and answers look like now, against what its model learned from. */
import { type AccuracyEstimate, estimateAccuracy, gravest, judgeColumn, VERDICTS } from "./drift.ts";
import { type Layout, layoutOf, type Place } from "./layout.ts";
import type { ModelProfile } from "./model_profile.ts";
import type { ColumnProfile } from "./profile.ts";
import { QualityWindow } from "./quality.ts";
import { SlidingWindow, type WindowState } from "./sliding_window.ts";
import type { TallyWire } from "./tally.ts";
import type { DriftReport, VersionReport, WindowedDrift } from "./watch_report.ts";

/** A change at once shows in the last thousand rows; one that comes and goes must not hide what an hour shows. */
const RECENT_ROWS = 1000;
const HOUR_S = 3600;

export interface VersionWatchState {
  recent: WindowState;
  hour: WindowState;
  quality: ReturnType<QualityWindow["state"]>;
}

export class VersionWatch {
  readonly #layout: Layout | null;
  readonly #recent: SlidingWindow;
  readonly #hour: SlidingWindow;
  readonly quality: QualityWindow;

  /**
   * @param profile null: the model has none, so drift can't be told
   * @param state what `state()` gave, to go on from
   */
  constructor(
    readonly version: number,
    task: "classification" | "regression",
    readonly profile: ModelProfile | null,
    state: VersionWatchState | null = null,
  ) {
    this.#layout = profile && layoutOf(profile);
    this.#recent = new SlidingWindow({ rows: RECENT_ROWS }, state?.recent);
    this.#hour = new SlidingWindow({ seconds: HOUR_S }, state?.hour);
    this.quality = new QualityWindow(task, state?.quality);
  }

  /** @param now_s Unix seconds */
  add(tally: TallyWire, now_s: number): void {
    if (tally.counts.length !== this.#layout?.width) return;
    this.#recent.add(tally, now_s);
    this.#hour.add(tally, now_s);
  }

  report(now_s: number): VersionReport {
    this.#hour.forget(now_s);
    const { version, profile } = this;
    const recent = this.#recent.sum();
    return {
      version,
      drift: profile && this.#drift(profile, recent),
      drift_reason: profile
        ? null
        : "The model was trained by an earlier mlmcp, which kept no profile of its data. Train it again to watch drift.",
      estimate: this.#estimate(recent),
      quality: this.quality.report(),
    };
  }

  #estimate(recent: TallyWire | null): AccuracyEstimate | null {
    const confidence = this.profile?.answers?.confidence;
    if (!confidence || !recent) return null;
    return estimateAccuracy(confidence, binsOf(recent, this.#layout!.confidence!), recent.confidence_sum);
  }

  #drift(profile: ModelProfile, recent: TallyWire | null): DriftReport {
    const hour = this.#hour.sum();
    const layout = this.#layout!;
    const among = layout.columns.length + (layout.prediction ? 1 : 0);
    const judge = (column: ColumnProfile, place: Place): WindowedDrift => {
      const [now, longer] = [["recent", recent] as const, ["hour", hour] as const].map(([window, sum]) => ({
        ...judgeColumn(column, binsOf(sum, place), among),
        window,
      }));
      const grave = ({ verdict }: WindowedDrift) => verdict === null ? -1 : VERDICTS.indexOf(verdict);
      return grave(longer) > grave(now) ? longer : now;
    };
    const columns = profile.columns.map((column, k) => judge(column, layout.columns[k]));
    const prediction = profile.answers && judge(profile.answers.prediction, layout.prediction!);
    return {
      verdict: gravest([...columns, ...(prediction ? [prediction] : [])].map(({ verdict }) => verdict)),
      rows: { recent: recent?.rows ?? 0, hour: hour?.rows ?? 0 },
      columns,
      prediction,
    };
  }

  state(): VersionWatchState {
    return { recent: this.#recent.state(), hour: this.#hour.state(), quality: this.quality.state() };
  }
}

function binsOf(sum: TallyWire | null, { offset, size }: Place): number[] {
  return sum ? sum.counts.slice(offset, offset + size) : new Array<number>(size).fill(0);
}
