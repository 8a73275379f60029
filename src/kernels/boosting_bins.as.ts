/** Columns of numbers to bins: sorting for the cuts, and the search among them. src/ml/ensemble/boosting_bins.ts has the plain way. */
import { Grid } from "./boosting.as";

const DIGIT: u32 = 11;
const DIGITS: u32 = 6;
const BUCKETS: u32 = 2048;

/** Bytes of scratch for `boost_sort`, besides as many numbers. */
export function boost_sort_scratch(): u32 {
  return DIGITS * BUCKETS * 4;
}

/**
 * Sorts doubles by digits of their bits, -0 as 0 and without those that are NaN; returns where they are, `values` or
 * `spare`, and leaves their number in the first word of `buckets`.
 */
export function boost_sort(values: usize, rows: u32, spare: usize, buckets: usize): usize {
  memory.fill(buckets, 0, DIGITS * BUCKETS * 4);
  let present = values;
  for (let at = values, stop = values + (usize(rows) << 3); at < stop; at += 8) {
    const value = load<f64>(at);
    store<f64>(present, value + 0.0);
    present += usize(value == value) << 3;
  }
  const count = u32((present - values) >> 3);
  const end = values + (usize(count) << 3);
  for (let at = values; at < end; at += 8) {
    let bits = load<u64>(at);
    // Ascending as unsigned numbers.
    bits ^= u64(i64(bits) >> 63) | 0x8000000000000000;
    store<u64>(at, bits);
    for (let d: u32 = 0; d < DIGITS; d++) {
      const bucket = buckets + (usize(d * BUCKETS + u32(bits >> (d * DIGIT)) % BUCKETS) << 2);
      store<u32>(bucket, load<u32>(bucket) + 1);
    }
  }
  let from = values;
  let to = spare;
  for (let d: u32 = 0; d < DIGITS; d++) {
    const first = buckets + (usize(d * BUCKETS) << 2);
    let total: u32 = 0;
    let isOne = false;
    for (let b: u32 = 0; b < BUCKETS; b++) {
      const bucket = first + (usize(b) << 2);
      const size = load<u32>(bucket);
      if (size == count) isOne = true;
      store<u32>(bucket, total);
      total += size;
    }
    if (isOne) continue;
    for (let at = from, stop = from + (usize(count) << 3); at < stop; at += 8) {
      const bits = load<u64>(at);
      const bucket = first + (usize(u32(bits >> (d * DIGIT)) % BUCKETS) << 2);
      const place = load<u32>(bucket);
      store<u32>(bucket, place + 1);
      store<u64>(to + (usize(place) << 3), bits);
    }
    const other = from;
    from = to;
    to = other;
  }
  for (let at = from, stop = from + (usize(count) << 3); at < stop; at += 8) {
    const bits = load<u64>(at);
    store<u64>(at, bits ^ (u64(i64(~bits) >> 63) | 0x8000000000000000));
  }
  store<u32>(buckets, count);
  return from;
}

/** A column and where its bins go. */
@unmanaged
class Column {
  values: usize;
  rows: u32;
  /** (256) ascending, filled up with infinity; or for categories (codes) bytes, the bin of each. */
  cuts: usize;
  /** Of categories; 0 for numbers. */
  codes: u32;
  /** The power of two above the number of cuts. */
  size: u32;
  /** The bin for missing values. */
  missing: u32;
  bins: usize;
}

/** Writes the bins; returns 1 when a value is missing. */
export function boost_bin(column: Column): u32 {
  return column.codes ? binCodes(column) : binNumbers(column);
}

@inline
function step(cuts: usize, position: usize, value: f64, size: usize): usize {
  return position + (load<f64>(cuts + position + size - 8) < value ? size : 0);
}

function binNumbers(column: Column): u32 {
  const cuts = column.cuts;
  const values = column.values;
  const bins = column.bins;
  const missing: u32 = column.missing;
  const rows = column.rows;
  const size: usize = usize(column.size) << 2;
  let any: u32 = 0;
  let i: u32 = 0;
  // Four at once: their searches overlap.
  for (; i + 4 <= rows; i += 4) {
    const at = values + (usize(i) << 3);
    const a = load<f64>(at);
    const b = load<f64>(at, 8);
    const c = load<f64>(at, 16);
    const d = load<f64>(at, 24);
    let pa: usize = 0;
    let pb: usize = 0;
    let pc: usize = 0;
    let pd: usize = 0;
    for (let s = size; s >= 8; s >>= 1) {
      pa = step(cuts, pa, a, s);
      pb = step(cuts, pb, b, s);
      pc = step(cuts, pc, c, s);
      pd = step(cuts, pd, d, s);
    }
    any |= u32(a != a) | u32(b != b) | u32(c != c) | u32(d != d);
    store<u8>(bins + i, a == a ? u32(pa >> 3) : missing);
    store<u8>(bins + i, b == b ? u32(pb >> 3) : missing, 1);
    store<u8>(bins + i, c == c ? u32(pc >> 3) : missing, 2);
    store<u8>(bins + i, d == d ? u32(pd >> 3) : missing, 3);
  }
  for (; i < rows; i++) {
    const a = load<f64>(values + (usize(i) << 3));
    let pa: usize = 0;
    for (let s = size; s >= 8; s >>= 1) pa = step(cuts, pa, a, s);
    any |= u32(a != a);
    store<u8>(bins + i, a == a ? u32(pa >> 3) : missing);
  }
  return any;
}

function binCodes(column: Column): u32 {
  const codes: f64 = column.codes;
  const missing: u32 = column.missing;
  let any: u32 = 0;
  for (let i: u32 = 0; i < column.rows; i++) {
    const value = load<f64>(column.values + (usize(i) << 3));
    let bin = missing;
    if (value >= 0 && value < codes && floor(value) == value) bin = load<u8>(column.cuts + u32(value));
    any |= u32(bin == missing);
    store<u8>(column.bins + i, bin);
  }
  return any;
}

/** Puts the columns' bins of rows from..to row by row. */
export function boost_transpose(grid: Grid, from: u32, to: u32): void {
  const stride = grid.stride;
  for (let block = from; block < to; block += 256) {
    const end = min(block + 256, to);
    for (let slot: u32 = 0; slot < stride; slot++) {
      let out = grid.rowBins + usize(block) * stride + slot;
      if (slot >= grid.slots) {
        for (let i = block; i < end; i++, out += stride) store<u8>(out, 0);
        continue;
      }
      const column = grid.columnBins + usize(slot) * grid.rows;
      for (let i = block; i < end; i++, out += stride) store<u8>(out, load<u8>(column + i));
    }
  }
}
