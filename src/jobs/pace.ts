/** From reports of how far a job is to how long it will take. */
import type { JobProgress } from "./job.ts";

/** Early guesses are wild, and short ones tell nothing. */
const TELLING_MS = 2000;

export class Pace {
  /** The stage at hand, from its first report on: what was done before a job was cut off says nothing of its pace. */
  #stage = { name: "", total: 0, since: 0, from: 0 };
  #score: number | undefined;

  /**
   * The report with the seconds that are left, where they can be told, and the last score of the stage.
   * @param now milliseconds of a clock
   */
  tell(progress: JobProgress, now: number): JobProgress {
    const { stage, done, total, message } = progress;
    if (stage !== this.#stage.name || total !== this.#stage.total) {
      this.#stage = { name: stage, total, since: now, from: done };
      this.#score = undefined;
    }
    this.#score = progress.score ?? this.#score;
    const known = this.#score === undefined ? progress : { ...progress, score: this.#score };
    const { since, from } = this.#stage;
    if (now - since < TELLING_MS || done <= from || done >= total) return known;
    const rest_s = Math.round((now - since) * (total - done) / (done - from) / 1000);
    return { ...known, rest_s, message: `${message}, about ${rest_s} s left` };
  }
}
