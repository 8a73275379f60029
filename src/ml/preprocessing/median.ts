/** The median without sorting everything: by the leading bits first, then among the few that share them. */

/** Below it sorting is as quick. */
const FEW = 4096;
/** Sign, exponent and four bits of the fraction. */
const BUCKETS = 1 << 16;
/** The counts of the buckets, for one column after the other. */
let scratch: Uint32Array | undefined;

/** @param values without NaN; not changed. @returns 0 for none */
export function medianOf(values: Float64Array): number {
  const { length } = values;
  if (length === 0) return 0;
  const middle = length >> 1;
  if (length < FEW) {
    const sorted = values.slice().sort();
    return length % 2 === 1 ? sorted[middle] : sorted[middle - 1] / 2 + sorted[middle] / 2;
  }
  const first = length % 2 === 1 ? middle : middle - 1;
  const { sorted, before } = aroundMiddle(values, first, middle);
  const upper = sorted[middle - before];
  return length % 2 === 1 ? upper : sorted[first - before] / 2 + upper / 2;
}

/** The values of the buckets with the given places in the order of all, and how many values are smaller. */
function aroundMiddle(
  values: Float64Array,
  first: number,
  last: number,
): { sorted: Float64Array; before: number } {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const counts = (scratch ??= new Uint32Array(BUCKETS)).fill(0);
  for (let i = 1; i < words.length; i += 2) counts[bucketOf(words[i])]++;
  let low = 0;
  let before = 0;
  while (before + counts[low] <= first) before += counts[low++];
  let high = low;
  let size = counts[low];
  while (before + size <= last) size += counts[++high];
  // Between the two buckets all are empty.
  const [a, b] = [bitsOf(low), bitsOf(high)];
  const within = new Float64Array(size);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const bits = words[2 * i + 1] >> 16;
    if (bits === a || bits === b) within[count++] = values[i];
  }
  // Columns of whole numbers often have one value in the bucket.
  const isSame = within.every((value) => value === within[0]);
  return { sorted: isSame ? within : within.sort(), before };
}

/** The number of a value's bucket by its upper 32 bits: ascending as the values are. */
function bucketOf(high: number): number {
  return (high ^ (high >> 31 | 0x80000000)) >>> 16;
}

/** The upper 16 bits that the values of a bucket share. */
function bitsOf(bucket: number): number {
  return bucket >= BUCKETS / 2 ? bucket - BUCKETS / 2 : ~bucket << 16 >> 16;
}
