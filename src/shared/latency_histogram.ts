/**
 * Latencies in buckets whose upper edges grow by a quarter of a power of two (19 % each), from 1 µs to 67 s.
 * So any quantile is right within 19 %, histograms of several processes add up exactly, and it takes 105 numbers.
 * Source: the log-linear idea of HdrHistogram (Gil Tene, http://hdrhistogram.org).
 */
const PER_OCTAVE = 4;
const OCTAVES = 26;
const BUCKETS = PER_OCTAVE * OCTAVES + 1;

export class LatencyHistogram {
  /** Bucket k holds latencies up to 2^(k/4) µs; the last one also holds all that are longer. */
  readonly counts: Float64Array = new Float64Array(BUCKETS);
  count = 0;
  sum_ms = 0;

  record(latency_ms: number): void {
    const bucket = latency_ms <= 0.001 ? 0 : Math.ceil(Math.log2(latency_ms * 1000) * PER_OCTAVE);
    this.counts[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    this.count++;
    this.sum_ms += latency_ms;
  }

  add(other: LatencyHistogram): void {
    for (let i = 0; i < BUCKETS; i++) this.counts[i] += other.counts[i];
    this.count += other.count;
    this.sum_ms += other.sum_ms;
  }

  /** @returns the latency in ms that a share q of all was not above; null when there was none */
  quantile(q: number): number | null {
    if (this.count === 0) return null;
    const wanted = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.counts[i];
      if (seen >= wanted) return round(edge(i));
    }
    return round(edge(BUCKETS - 1));
  }

  /** Cumulative counts at whole powers of two: the upper edge in seconds, and how many were not above it. */
  cumulative(): { le_s: number; count: number }[] {
    const rows: { le_s: number; count: number }[] = [];
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.counts[i];
      if (i % PER_OCTAVE === 0 && i >= 4 * PER_OCTAVE) rows.push({ le_s: edge(i) / 1000, count: seen });
    }
    return rows;
  }

  /** Only the buckets that are not empty, for the wire. */
  toWire(): HistogramWire {
    const buckets: [number, number][] = [];
    for (let i = 0; i < BUCKETS; i++) if (this.counts[i] > 0) buckets.push([i, this.counts[i]]);
    return { buckets, sum_ms: round(this.sum_ms) };
  }

  /** What came between two states of one histogram; whatever was lost meanwhile counts as nothing. */
  static between(
    from: HistogramWire | null | undefined,
    to: HistogramWire | null | undefined,
  ): LatencyHistogram {
    const [before, after] = [LatencyHistogram.fromWire(from), LatencyHistogram.fromWire(to)];
    after.count = 0;
    for (let i = 0; i < BUCKETS; i++) {
      after.counts[i] = Math.max(0, after.counts[i] - before.counts[i]);
      after.count += after.counts[i];
    }
    after.sum_ms = Math.max(0, after.sum_ms - before.sum_ms);
    return after;
  }

  /** What `toWire` gave; anything that does not fit counts as nothing. */
  static fromWire(wire: HistogramWire | null | undefined): LatencyHistogram {
    const histogram = new LatencyHistogram();
    for (const [bucket, count] of wire?.buckets ?? []) {
      if (!(bucket >= 0 && bucket < BUCKETS && count > 0)) continue;
      histogram.counts[bucket] += count;
      histogram.count += count;
    }
    histogram.sum_ms = wire?.sum_ms ?? 0;
    return histogram;
  }
}

export interface HistogramWire {
  /** [bucket, count] */
  buckets: [number, number][];
  sum_ms: number;
}

/** In ms. */
function edge(bucket: number): number {
  return 2 ** (bucket / PER_OCTAVE) / 1000;
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
