/**
 * A token bucket: `rate` tokens a second flow in, one goes out a request, and a second's worth can be saved up.
 * Source: the leaky bucket as a meter (J. Turner, 1986; ITU-T I.371).
 */
export class RateLimit {
  per_s: number | null;
  #tokens: number;
  #at_ms: number;

  /** @param per_s requests a second; null for no limit */
  constructor(per_s: number | null, now_ms: number) {
    this.per_s = per_s;
    this.#tokens = Math.max(1, per_s ?? 0);
    this.#at_ms = now_ms;
  }

  /** @returns 0 when the request may pass, else in how many seconds the next one may */
  take(now_ms: number): number {
    if (this.per_s === null) return 0;
    const full = Math.max(1, this.per_s);
    this.#tokens = Math.min(full, this.#tokens + (now_ms - this.#at_ms) / 1000 * this.per_s);
    this.#at_ms = now_ms;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return (1 - this.#tokens) / this.per_s;
  }
}
