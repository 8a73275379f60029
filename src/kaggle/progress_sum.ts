/** The progress of several files as that of one download. */

/** What is told of it. */
interface Told {
  onProgress(done: number, total: number | null, message: string): void;
}

export class ProgressSum {
  readonly #files = new Map<string, { done: number; total: number | null }>();
  #most = 0;

  /** @param count of files; null while that is unknown */
  constructor(readonly watch: Told, private count: number | null) {}

  /** So many files it is in all. */
  expect(count: number): void {
    this.count = count;
  }

  /** `done` may fall, when a file starts over; what is told of the whole does not. */
  tell(file: string, done: number, total: number | null): void {
    this.#files.set(file, { done, total });
    const all = [...this.#files.values()];
    const sum = all.reduce((bytes, one) => bytes + one.done, 0);
    this.#most = Math.max(this.#most, sum);
    const isKnown = all.length === this.count && all.every((one) => one.total !== null);
    const inAll = isKnown ? Math.max(this.#most, all.reduce((bytes, one) => bytes + one.total!, 0)) : null;
    this.watch.onProgress(this.#most, inAll, `${file}: downloaded ${shown(done, total)}`);
  }
}

/** `1.5 of 20.0 MB`. */
export function shown(done: number, total: number | null): string {
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  return `${total === null ? "" : `${mb(done)} of `}${mb(total ?? done)} MB`;
}
