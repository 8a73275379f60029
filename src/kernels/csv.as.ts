/**
 * The inner loops of the CSV reader: AssemblyScript, built to kernels.wasm by `deno task kernels`.
 *
 * A chunk of whole lines is indexed (16 bytes at a time, as simdjson does) and then parsed, field by field, into
 * columns of the chunk. All state is in memory that the caller gives; nothing here allocates but the dictionaries,
 * which only one thread merges.
 *
 * Source: Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (2019); Lemire, "Number Parsing at a Gigabyte
 * per Second" (2021), with the table of fast_float; Clinger (1990).
 */
import { allocate, release } from "./memory.as";

const LF: u32 = 10;
const CR: u32 = 13;
const TAB: u32 = 9;
const SPACE: u32 = 32;
const QUOTE: u32 = 34;
const POINT: u32 = 46;
const COMMA: u32 = 44;

const DECIMAL_COMMA: u32 = 1;
const CODED: u32 = 2;
/** Text that mostly differs: packed, without a dictionary. */
const TEXT: u32 = 4;

/** What is the same for all chunks of a file; the layout is that of csv_memory.ts. */
@unmanaged
class File {
  columns: u32;
  separator: u32;
  tables: usize;
  /** A pointer to `Categories` a column. */
  categories: usize;
}

/** Constants, written once. */
@unmanaged
class Tables {
  /** 5^q for q from -342 to 308: the upper 128 bits, low word first. */
  fives: usize;
  /** 10^0 to 10^22 as doubles. */
  tens: usize;
  /** For swizzling: [point][length] of up to 16 characters to digits at the right end, without the point. */
  align: usize;
  /** The words for missing: a length byte and 15 bytes each, ended by a length of 255. */
  missing: usize;
  /** 1 for each byte that such a word begins with. */
  missingStarts: usize;
}

@unmanaged
class Chunk {
  /** The text, ended by a line's end; 64 bytes behind it may be read. */
  input: usize;
  length: u32;
  /** Where the fields end: offsets in the text. */
  index: usize;
  /**
   * Column k begins at cells + k * stride * 8: doubles, or 32-bit codes of the chunk's own dictionary, or where its
   * texts end among those of the column.
   */
  cells: usize;
  /** Room for the dictionaries of coded columns. */
  dictionaries: usize;
  /** Per column: 1 where a value does not fit the mode. */
  failed: usize;
  /** Numbers that this arithmetic can't round: where the value goes, and its text from and to. */
  hard: usize;
  hardCapacity: u32;
  hardCount: u32;
  stride: u32;
  rows: u32;
  flags: u32;
  /** A byte a column, as in csv_scan.ts, and TEXT: the file's, as they were when the chunk was filled. */
  modes: usize;
  /** The texts of TEXT columns, one column behind the other; none is a missing value. */
  packed: usize;
}

/** Why a chunk can't be read here. */
const ODD_QUOTES: u32 = 1;
const ODD_ROWS: u32 = 2;
const ODD_NUMBERS: u32 = 4;
const ODD_BYTES: u32 = 8;

/** The chunk's dictionary of one column: `slots` hold entry + 1; an entry is text, length, hash and global code. */
@unmanaged
class Dictionary {
  slots: usize;
  mask: u32;
  entries: usize;
  size: u32;
  /** Most values of the last chunk here were new to the file: each row gets an entry, only the file's looks. */
  isDistinct: u32;
}

// ---------------------------------------------------------------------------------------------- cutting

@inline
function isLineEnd(c: u32): bool {
  return c == LF || c == CR;
}

/** Bytes up to the last line's end outside quotes, it included; 0 when there is none. Begins outside quotes. */
export function csv_cut(input: usize, length: u32): u32 {
  const quotes = i8x16.splat(<i8> QUOTE);
  let total: u32 = 0;
  let at: u32 = 0;
  for (; at + 64 <= length; at += 64) {
    const a = i8x16.bitmask(i8x16.eq(v128.load(input + at), quotes));
    const b = i8x16.bitmask(i8x16.eq(v128.load(input + at, 16), quotes));
    const c = i8x16.bitmask(i8x16.eq(v128.load(input + at, 32), quotes));
    const d = i8x16.bitmask(i8x16.eq(v128.load(input + at, 48), quotes));
    total += popcnt<u32>((a | (b << 16)) ^ (c | (d << 16)));
  }
  for (; at < length; at++) total += u32(load<u8>(input + at) == QUOTE);
  let inside = (total & 1) != 0;
  for (let i = length; i > 0; i--) {
    const c: u32 = load<u8>(input + i - 1);
    if (c == QUOTE) inside = !inside;
    else if (!inside && isLineEnd(c)) return i;
  }
  return 0;
}

// --------------------------------------------------------------------------------------------- indexing

/** Writes where the fields of the chunk end, and says what is odd; returns how many. */
function indexFields(chunk: Chunk, separator: u32): u32 {
  const input = chunk.input;
  const length = chunk.length;
  const separators = i8x16.splat(<i8> separator);
  const lfs = i8x16.splat(<i8> LF);
  const crs = i8x16.splat(<i8> CR);
  const quotes = i8x16.splat(<i8> QUOTE);
  let out = chunk.index;
  let inside: u64 = 0; // all ones inside quotes
  let odd: u64 = 0;
  let mayOpen: u64 = 1; // the byte before ends a field or closes a quote
  let mustEnd: u64 = 0; // the byte before closes a quote
  for (let at: u32 = 0; at < length; at += 64) {
    const a = v128.load(input + at);
    const b = v128.load(input + at, 16);
    const c = v128.load(input + at, 32);
    const d = v128.load(input + at, 48);
    let ends = u64(u32(i8x16.bitmask(fieldEnds(a, separators, lfs, crs)))) |
      (u64(u32(i8x16.bitmask(fieldEnds(b, separators, lfs, crs)))) << 16) |
      (u64(u32(i8x16.bitmask(fieldEnds(c, separators, lfs, crs)))) << 32) |
      (u64(u32(i8x16.bitmask(fieldEnds(d, separators, lfs, crs)))) << 48);
    const qa = i8x16.eq(a, quotes);
    const qb = i8x16.eq(b, quotes);
    const qc = i8x16.eq(c, quotes);
    const qd = i8x16.eq(d, quotes);
    const last = length - at;
    if (last < 64) ends &= (u64(1) << last) - 1;
    if (inside != 0 || v128.any_true(v128.or(v128.or(qa, qb), v128.or(qc, qd))) || mustEnd != 0) {
      let q = u64(u32(i8x16.bitmask(qa))) | (u64(u32(i8x16.bitmask(qb))) << 16) |
        (u64(u32(i8x16.bitmask(qc))) << 32) | (u64(u32(i8x16.bitmask(qd))) << 48);
      if (last < 64) q &= (u64(1) << last) - 1;
      let within = q ^ (q << 1);
      within ^= within << 2;
      within ^= within << 4;
      within ^= within << 8;
      within ^= within << 16;
      within ^= within << 32;
      within ^= inside;
      inside = u64(i64(within) >> 63);
      ends &= ~within;
      const opens = q & within;
      const closes = q & ~within;
      odd |= opens & ~(((ends | closes) << 1) | mayOpen);
      odd |= ((closes << 1) | mustEnd) & ~(ends | opens) & (last < 64 ? (u64(1) << last) - 1 : ~u64(0));
      mustEnd = closes >> 63;
      mayOpen = (ends | closes) >> 63;
    } else mayOpen = ends >> 63;
    while (ends != 0) {
      store<u32>(out, at + u32(ctz(ends)));
      out += 4;
      ends &= ends - 1;
    }
  }
  if (odd != 0 || inside != 0) chunk.flags |= ODD_QUOTES;
  return u32((out - chunk.index) >> 2);
}

@inline
function fieldEnds(v: v128, separators: v128, lfs: v128, crs: v128): v128 {
  return v128.or(i8x16.eq(v, separators), v128.or(i8x16.eq(v, lfs), i8x16.eq(v, crs)));
}

// ---------------------------------------------------------------------------------------------- parsing

/** Reads the chunk into its columns; see `Chunk`. */
export function csv_parse(file: File, chunk: Chunk): void {
  const columns = file.columns;
  const separator = file.separator;
  const modes = chunk.modes;
  const tables = changetype<Tables>(file.tables);
  const input = chunk.input;
  const index = chunk.index;
  const failed = chunk.failed;
  chunk.flags = 0;
  chunk.rows = 0;
  chunk.hardCount = 0;
  const count = indexFields(chunk, separator);
  if (holdsText(modes, columns) && !isUtf8(input, input + chunk.length)) chunk.flags |= ODD_BYTES;
  if (chunk.flags != 0) return;
  const stride = count / columns + 1;
  chunk.stride = stride;
  layDictionaries(file, chunk);
  memory.fill(failed, 0, columns);
  const step: usize = (<usize> stride) << 3;
  const align = tables.align;
  const tens = tables.tens;
  const sixteen = i8x16.splat(48);
  const nines = i8x16.splat(9);
  let row: u32 = 0;
  let pos: u32 = 0;
  for (let i: u32 = 0; i < count;) {
    const first = load<u32>(index + (<usize> i << 2));
    if (load<u8>(input + first) != <u8> separator && isBlank(input + pos, input + first, separator)) {
      pos = first + 1;
      i++;
      continue;
    }
    if (i + columns > count) {
      chunk.flags |= ODD_ROWS;
      return;
    }
    let cell = chunk.cells + ((<usize> row) << 3);
    let ends = index + (<usize> i << 2);
    for (let k: u32 = 0; k < columns; k++, cell += step, ends += 4) {
      const end = load<u32>(ends);
      const c: u32 = load<u8>(input + end);
      if ((c == separator) == (k == columns - 1)) {
        chunk.flags |= ODD_ROWS;
        return;
      }
      const from = input + pos;
      const size = end - pos;
      pos = end + 1;
      const mode: u32 = load<u8>(modes + k);
      if (mode < CODED) {
        // Short plain decimals without a branch on their digits; all else goes the longer way.
        const negative = u32(load<u8>(from) == 45);
        const n = size - negative;
        if (n - 1 < 16) {
          const digits = i8x16.sub(v128.load(from + negative), sixteen);
          const others = ~u32(i8x16.bitmask(i8x16.le_u(digits, nines))) & ((1 << n) - 1);
          const point = others != 0 ? u32(ctz(others)) : n;
          const sign = mode == DECIMAL_COMMA ? COMMA : POINT;
          if (
            (others & (others - 1)) == 0 &&
            (others == 0 || (load<u8>(from + negative + point) == <u8> sign && n > 1))
          ) {
            const mantissa = sixteenDigits(
              i8x16.swizzle(digits, v128.load(align + (<usize> (point * 17 + n) << 4))),
            );
            if (mantissa <= 9007199254740991) {
              const scale = others != 0 ? n - 1 - point : 0;
              const value = <f64> (<i64> mantissa) / load<f64>(tens + (<usize> scale << 3));
              store<f64>(cell, negative ? -value : value);
              continue;
            }
          }
        }
        if (load<u8>(failed + k) != 0) continue;
        if (!readNumber(chunk, tables, from, from + size, separator, mode, cell)) store<u8>(failed + k, 1);
      } else if (mode == CODED) {
        // Codes are packed at the start of the column's room.
        const column = chunk.cells + step * k;
        store<i32>(column + ((<usize> row) << 2), codeOf(chunk, k, from, from + size, separator));
      } else if (mode == TEXT) {
        trim(from, from + size, separator);
        store<u32>(cell, <u32> valueFrom);
        store<u32>(cell, isMissing(tables, valueFrom, valueTo) ? 0 : u32(valueTo - valueFrom), 4);
      }
    }
    i += columns;
    row++;
  }
  chunk.rows = row;
  packTexts(chunk, columns);
}

/** Puts the texts of TEXT columns one behind the other, and where each ends into the place of where it was. */
function packTexts(chunk: Chunk, columns: u32): void {
  let out = chunk.packed;
  for (let k: u32 = 0; k < columns; k++) {
    if (load<u8>(chunk.modes + k) != <u8> TEXT) continue;
    const column = chunk.cells + (<usize> chunk.stride << 3) * k;
    const begin = out;
    let end = column;
    for (let row: u32 = 0; row < chunk.rows; row++, end += 4) {
      const cell = column + (<usize> row << 3);
      const size = load<u32>(cell, 4);
      copyText(out, load<u32>(cell), size);
      out += size;
      store<u32>(end, u32(out - begin));
    }
  }
}

function holdsText(modes: usize, columns: u32): bool {
  for (let k: u32 = 0; k < columns; k++) {
    const mode: u32 = load<u8>(modes + k);
    if (mode == CODED || mode == TEXT) return true;
  }
  return false;
}

/** Source: The Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences". */
function isUtf8(from: usize, to: usize): bool {
  while (from < to) {
    if (from + 16 <= to && i8x16.bitmask(v128.load(from)) == 0) {
      from += 16;
      continue;
    }
    const c: u32 = load<u8>(from);
    if (c < 0x80) {
      from++;
      continue;
    }
    const size: u32 = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (c < 0xc2 || c > 0xf4 || from + size > to) return false;
    const second: u32 = load<u8>(from, 1);
    const least: u32 = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    const most: u32 = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return false;
    if (size > 2 && (load<u8>(from, 2) & 0xc0) != 0x80) return false;
    if (size > 3 && (load<u8>(from, 3) & 0xc0) != 0x80) return false;
    from += size;
  }
  return true;
}

function isBlank(from: usize, to: usize, separator: u32): bool {
  while (from < to) {
    const c: u32 = load<u8>(from);
    if (c != SPACE && (c != TAB || separator == TAB)) return false;
    from++;
  }
  return true;
}

/** 16 digits, one a byte, most significant first. */

@inline
function sixteenDigits(digits: v128): u64 {
  const tens = i16x8.mul(v128.and(digits, i16x8.splat(255)), i16x8.splat(10));
  const pairs = i16x8.add(tens, i16x8.shr_u(digits, 8));
  const fours = i32x4.dot_i16x8_s(pairs, i16x8(100, 1, 100, 1, 100, 1, 100, 1));
  const eights = i32x4.dot_i16x8_s(
    i16x8.narrow_i32x4_u(fours, fours),
    i16x8(10000, 1, 10000, 1, 10000, 1, 10000, 1),
  );
  return u64(u32(i32x4.extract_lane(eights, 0))) * 100000000 + u64(u32(i32x4.extract_lane(eights, 1)));
}

/** The value's bounds, without blanks around and without quotes around. */
let valueFrom: usize = 0;
let valueTo: usize = 0;

/** Sets `valueFrom` and `valueTo`, mostly to what it is given. */
@inline
function trim(from: usize, to: usize, separator: u32): void {
  valueFrom = from;
  valueTo = to;
  if (from == to) return;
  const c: u32 = load<u8>(from);
  const d: u32 = load<u8>(to - 1);
  if (c == QUOTE || c == SPACE || c == TAB || d == SPACE || d == TAB) findValue(from, to, separator);
}

/** Sets `valueFrom` and `valueTo`; doubled quotes become single where they are. */
function findValue(from: usize, to: usize, separator: u32): void {
  while (from < to) {
    const c: u32 = load<u8>(from);
    if (c != SPACE && (c != TAB || separator == TAB)) break;
    from++;
  }
  while (to > from) {
    const c: u32 = load<u8>(to - 1);
    if (c != SPACE && c != TAB) break;
    to--;
  }
  if (from < to && load<u8>(from) == <u8> QUOTE) {
    from++;
    to--;
    to = unescape(from, to);
  }
  valueFrom = from;
  valueTo = to;
}

function unescape(from: usize, to: usize): usize {
  const quotes = i8x16.splat(<i8> QUOTE);
  let at = from;
  for (; at < to; at += 16) {
    const found = u32(i8x16.bitmask(i8x16.eq(v128.load(at), quotes)));
    if (found != 0) {
      at += ctz(found);
      break;
    }
  }
  if (at >= to) return to;
  let write = at;
  while (at < to) {
    const c = load<u8>(at);
    store<u8>(write++, c);
    at += c == <u8> QUOTE ? 2 : 1;
  }
  return write;
}

function isMissing(tables: Tables, from: usize, to: usize): bool {
  const size = to - from;
  if (size == 0) return true;
  if (size > 15 || load<u8>(tables.missingStarts + load<u8>(from)) == 0) return false;
  let missing = tables.missing;
  const mask = (1 << u32(size)) - 1;
  const text = v128.load(from);
  for (let length: usize = load<u8>(missing); length != 255; length = load<u8>(missing)) {
    if (length == size && (u32(i8x16.bitmask(i8x16.eq(text, v128.load(missing + 1)))) & mask) == mask) {
      return true;
    }
    missing += 16;
  }
  return false;
}

// ---------------------------------------------------------------------------------------------- numbers

/** Writes the number, or NaN for a missing value; false when it is neither. */
function readNumber(
  chunk: Chunk,
  tables: Tables,
  from: usize,
  to: usize,
  separator: u32,
  mode: u32,
  cell: usize,
): bool {
  if (from == to) {
    store<f64>(cell, NaN);
    return true;
  }
  trim(from, to, separator);
  from = valueFrom;
  to = valueTo;
  const decimal = mode == DECIMAL_COMMA ? COMMA : POINT;
  if (readLongDecimal(tables, from, to, decimal, cell)) return true;
  switch (readAnyNumber(tables, from, to, decimal, cell)) {
    case NUMBER:
      return true;
    case HARD: {
      const at = chunk.hardCount;
      if (at == chunk.hardCapacity) {
        chunk.flags |= ODD_NUMBERS;
        return true;
      }
      const entry = chunk.hard + <usize> at * 12;
      store<u32>(entry, <u32> cell);
      store<u32>(entry, <u32> from, 4);
      store<u32>(entry, <u32> to, 8);
      chunk.hardCount = at + 1;
      return true;
    }
  }
  if (isMissing(tables, from, to) || isInfinity(from, to)) {
    store<f64>(cell, NaN);
    return true;
  }
  return false;
}

/** A decimal of 17 to 32 characters, as full doubles are written; false when it is anything else. */

function readLongDecimal(tables: Tables, from: usize, to: usize, decimal: u32, cell: usize): bool {
  const negative: usize = u32(load<u8>(from) == 45);
  const start = from + negative;
  const n = u32(to - start);
  if (n < 2 || n > 32) return false;
  const low = i8x16.sub(v128.load(start), i8x16.splat(48));
  const high = i8x16.sub(v128.load(start, 16), i8x16.splat(48));
  const nines = i8x16.splat(9);
  const isDigit = u32(i8x16.bitmask(i8x16.le_u(low, nines))) |
    (u32(i8x16.bitmask(i8x16.le_u(high, nines))) << 16);
  const others = ~isDigit & (n == 32 ? ~u32(0) : (1 << n) - 1);
  if (popcnt(others) != 1) return false;
  const point = u32(ctz(others));
  const scale = n - 1 - point;
  if (point > 16 || scale > 19 || load<u8>(start + point) != <u8> decimal) return false;
  const align = tables.align;
  const whole = sixteenDigits(i8x16.swizzle(low, v128.load(align + (<usize> (point * 18) << 4))));
  if (whole != 0 && point + scale > 19) return false;
  let part: u64;
  const fraction = start + point + 1;
  if (scale <= 16) {
    part = sixteenDigits(alignedDigits(align, fraction, scale));
  } else {
    const lead = scale - 16;
    part = sixteenDigits(alignedDigits(align, fraction, lead)) * 10000000000000000 +
      sixteenDigits(i8x16.sub(v128.load(fraction + lead), i8x16.splat(48)));
  }
  const mantissa = whole * tenToThe(scale) + part;
  let value: f64;
  if (mantissa <= 9007199254740991) {
    value = <f64> (<i64> mantissa) / load<f64>(tables.tens + (<usize> scale << 3));
  } else {
    value = toDouble(tables.fives, mantissa, -(<i32> scale));
    if (value < 0) return false;
  }
  store<f64>(cell, negative ? -value : value);
  return true;
}

@inline
function alignedDigits(align: usize, from: usize, n: u32): v128 {
  const digits = i8x16.sub(v128.load(from), i8x16.splat(48));
  return i8x16.swizzle(digits, v128.load(align + (<usize> (n * 18) << 4)));
}

function tenToThe(power: u32): u64 {
  let result: u64 = 1;
  let base: u64 = 10;
  for (; power != 0; power >>= 1) {
    if (power & 1) result *= base;
    base *= base;
  }
  return result;
}

const NUMBER: u32 = 0;
const HARD: u32 = 1;
const NO_NUMBER: u32 = 2;

/** A sign, digits with one decimal sign, an exponent: the grammar of parse_number.ts. */
function readAnyNumber(tables: Tables, from: usize, to: usize, decimal: u32, cell: usize): u32 {
  let at = from;
  let negative = false;
  if (at < to) {
    const c: u32 = load<u8>(at);
    negative = c == 45;
    if (negative || c == 43) at++;
  }
  let mantissa: u64 = 0;
  let digits: u32 = 0; // from the first that is not 0
  let power: i32 = 0;
  let hasDigit = false;
  let hasPoint = false;
  let isCut = false;
  for (; at < to; at++) {
    const c: u32 = load<u8>(at);
    const digit = c - 48;
    if (digit <= 9) {
      hasDigit = true;
      if (hasPoint) power--;
      if (digits < 19) {
        mantissa = mantissa * 10 + digit;
        if (mantissa != 0) digits++;
      } else {
        power++;
        if (digit != 0) isCut = true;
      }
    } else if (c == decimal && !hasPoint) hasPoint = true;
    else break;
  }
  if (!hasDigit) return NO_NUMBER;
  if (at < to) {
    if ((load<u8>(at) | 32) != 101) return NO_NUMBER;
    at++;
    let isSmall = false;
    if (at < to) {
      const c: u32 = load<u8>(at);
      isSmall = c == 45;
      if (isSmall || c == 43) at++;
    }
    if (at >= to) return NO_NUMBER;
    let exponent: i32 = 0;
    for (; at < to; at++) {
      const digit = <u32> load<u8>(at) - 48;
      if (digit > 9) return NO_NUMBER;
      if (exponent < 100000) exponent = exponent * 10 + <i32> digit;
    }
    power += isSmall ? -exponent : exponent;
  }
  let value: f64;
  if (mantissa == 0) value = 0;
  else if (mantissa <= 9007199254740991 && !isCut && power >= -22 && power <= 22) {
    value = <f64> (<i64> mantissa);
    if (power < 0) value /= load<f64>(tables.tens + (<usize> (-power) << 3));
    else value *= load<f64>(tables.tens + (<usize> power << 3));
  } else {
    value = toDouble(tables.fives, mantissa, power);
    if (value < 0 || (isCut && value != toDouble(tables.fives, mantissa + 1, power))) return HARD;
  }
  store<f64>(cell, negative ? -value : value);
  return NUMBER;
}

/** mantissa * 10^power, rounded once; negative when this can't tell, or at the ends of the range of doubles. */
function toDouble(fives: usize, mantissa: u64, power: i32): f64 {
  if (power < -342 || power > 308) return -1;
  const zeros = clz(mantissa);
  const w = mantissa << zeros;
  const entry = fives + (<usize> (power + 342) << 4);
  multiply(w, load<u64>(entry, 8));
  let high = productHigh;
  let low = productLow;
  if ((high & 0x1ff) == 0x1ff) {
    multiply(w, load<u64>(entry));
    low += productHigh;
    if (productHigh > low) high++;
  }
  if (low == ~u64(0) && (power < -27 || power > 55)) return -1;
  const upper = <i32> (high >> 63);
  const shift = <u64> (upper + 9);
  let bits = high >> shift;
  let exponent = ((217706 * power) >> 16) + 63 + upper - <i32> zeros + 1023;
  if (exponent <= 0) return -1;
  if (low <= 1 && power >= -4 && power <= 23 && (bits & 3) == 1 && (bits << shift) == high) bits &= ~u64(1);
  bits += bits & 1;
  bits >>= 1;
  if (bits >= (u64(2) << 52)) {
    bits = u64(1) << 52;
    exponent++;
  }
  if (exponent >= 0x7ff) return -1;
  return reinterpret<f64>((bits & ~(u64(1) << 52)) | (u64(exponent) << 52));
}

let productHigh: u64 = 0;
let productLow: u64 = 0;

@inline
function multiply(a: u64, b: u64): void {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const low = a0 * b0;
  const middle = a1 * b0 + (low >> 32);
  const other = a0 * b1 + (middle & 0xffffffff);
  productHigh = a1 * b1 + (middle >> 32) + (other >> 32);
  productLow = (other << 32) | (low & 0xffffffff);
}

/** "inf" and "infinity" with a sign, in any case. */
function isInfinity(from: usize, to: usize): bool {
  const c: u32 = load<u8>(from);
  if (c == 45 || c == 43) from++;
  const size = u32(to - from);
  if (size != 3 && size != 8) return false;
  const mask: u64 = size == 8 ? ~u64(0) : 0xffffff;
  // The letters in lower case, as they lie in memory: "infinity".
  return ((load<u64>(from) | 0x2020202020202020) & mask) == (0x7974696e69666e69 & mask);
}

// ----------------------------------------------------------------------------------------- dictionaries

/** Lays out a dictionary for each coded column of the chunk, empty. */
function layDictionaries(file: File, chunk: Chunk): void {
  const columns = file.columns;
  let slots: u32 = 4;
  while (slots < chunk.stride * 2) slots <<= 1;
  let free = chunk.dictionaries + <usize> columns * offsetof<Dictionary>();
  for (let k: u32 = 0; k < columns; k++) {
    if (load<u8>(chunk.modes + k) != <u8> CODED) continue;
    const dictionary = dictionaryOf(chunk, k);
    dictionary.slots = free;
    dictionary.mask = slots - 1;
    dictionary.entries = free + (<usize> slots << 2);
    dictionary.size = 0;
    if (!dictionary.isDistinct) memory.fill(free, 0, <usize> slots << 2);
    free += (<usize> slots << 2) + (<usize> chunk.stride << 4);
  }
}

@inline
function dictionaryOf(chunk: Chunk, column: u32): Dictionary {
  return changetype<Dictionary>(chunk.dictionaries + <usize> column * offsetof<Dictionary>());
}

function codeOf(chunk: Chunk, column: u32, from: usize, to: usize, separator: u32): i32 {
  trim(from, to, separator);
  from = valueFrom;
  const size = u32(valueTo - from);
  const hash = hashOf(from, size);
  const dictionary = dictionaryOf(chunk, column);
  const entries = dictionary.entries;
  const code = dictionary.size;
  if (!dictionary.isDistinct) {
    const slots = dictionary.slots;
    const mask = dictionary.mask;
    let slot = hash & mask;
    for (;;) {
      const held = load<u32>(slots + (<usize> slot << 2));
      if (held == 0) break;
      const entry = entries + (<usize> (held - 1) << 4);
      if (load<u32>(entry, 8) == hash && load<u32>(entry, 4) == size && isEqual(load<u32>(entry), from, size)) {
        return held - 1;
      }
      slot = (slot + 1) & mask;
    }
    store<u32>(slots + (<usize> slot << 2), code + 1);
  }
  dictionary.size = code + 1;
  const entry = entries + (<usize> code << 4);
  store<u32>(entry, <u32> from);
  store<u32>(entry, size, 4);
  store<u32>(entry, hash, 8);
  return code;
}

@inline
function hashOf(from: usize, size: u32): u32 {
  let hash: u64 = u64(size) * 0x9e3779b97f4a7c15;
  let left = size;
  while (left >= 8) {
    hash = (hash ^ load<u64>(from)) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
    from += 8;
    left -= 8;
  }
  if (left != 0) {
    hash = (hash ^ (load<u64>(from) & ((u64(1) << (u64(left) << 3)) - 1))) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  hash *= 0xc4ceb9fe1a85ec53;
  return u32(hash >> 32);
}

@inline
function isEqual(a: usize, b: usize, size: u32): bool {
  while (size >= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
    size -= 8;
  }
  return size == 0 || ((load<u64>(a) ^ load<u64>(b)) << (64 - (u64(size) << 3))) == 0;
}

/** All values of a column in order of first appearance. An entry is text, length and hash; the texts lie packed. */
@unmanaged
class Categories {
  slots: usize;
  mask: u32;
  entries: usize;
  capacity: u32;
  size: u32;
  /** The block that new texts go to: where it is free, and its end. */
  free: usize;
  end: usize;
  /** Bytes of all texts. */
  bytes: u32;
}

/**
 * Brings the chunk's dictionaries of every `step`th column, from `first` on, into those of the file, and turns the
 * chunk's codes into the file's (-1 where missing). A column is merged by one thread at a time, in the order of the
 * file.
 */
export function csv_merge(file: File, chunk: Chunk, first: u32, step: u32): void {
  for (let k = first; k < file.columns; k += step) {
    if (load<u8>(chunk.modes + k) != <u8> CODED) continue;
    mergeColumn(
      file,
      chunk,
      k,
      changetype<Categories>(<usize> load<u32>(file.categories + (<usize> k << 2))),
    );
  }
}

function mergeColumn(file: File, chunk: Chunk, column: u32, categories: Categories): void {
  const tables = changetype<Tables>(file.tables);
  const dictionary = dictionaryOf(chunk, column);
  const size = dictionary.size;
  const known = categories.size;
  reserve(categories, categories.size + size);
  for (let done: u32 = 0; done < size; done += BATCH) {
    const begin = dictionary.entries + (<usize> done << 4);
    const batch = min(size - done, BATCH);
    touch(categories, begin, batch);
    for (let i: u32 = 0; i < batch; i++) {
      const entry = begin + (<usize> i << 4);
      const from: usize = load<u32>(entry);
      const length = load<u32>(entry, 4);
      const code = isMissing(tables, from, from + length)
        ? -1
        : categoryOf(categories, from, length, load<u32>(entry, 8));
      store<i32>(entry, code, 12);
    }
  }
  dictionary.isDistinct = u32(categories.size - known > chunk.rows >> 1);
  const entries = dictionary.entries;
  let at = chunk.cells + (<usize> chunk.stride << 3) * column;
  const end = at + (<usize> chunk.rows << 2);
  for (; at < end; at += 4) store<i32>(at, load<i32>(entries + (<usize> load<u32>(at) << 4), 12));
}

/** Writes how long the texts of entries [from, to) are in UTF-16 units. */
export function csv_lengths(categories: Categories, from: u32, to: u32, lengths: usize): void {
  const continued = i8x16.splat(-65);
  const fours = i8x16.splat(-16);
  for (let code = from; code < to; code++) {
    const entry = categories.entries + <usize> code * 12;
    let at: usize = load<u32>(entry);
    let left = load<u32>(entry, 4);
    let units: u32 = 0;
    for (; left >= 16; at += 16, left -= 16) {
      const text = v128.load(at);
      units += popcnt<u32>(i8x16.bitmask(i8x16.gt_s(text, continued))) +
        popcnt<u32>(i8x16.bitmask(i8x16.ge_u(text, fours)));
    }
    for (; left != 0; at++, left--) {
      const c = load<u8>(at);
      units += u32((c & 0xc0) != 0x80) + u32(c >= 0xf0);
    }
    store<u32>(lengths + (<usize> (code - from) << 2), units);
  }
}

/** Look-ups at once: so many places stay in the nearest cache. */
const BATCH: u32 = 32;

/**
 * Reads what a look-up of these entries will read, many at once: one after the other, each would wait for memory.
 * What was read ends in the place of the code, so that no compiler leaves it out.
 */
function touch(categories: Categories, entries: usize, size: u32): void {
  const slots = categories.slots;
  const mask = categories.mask;
  const end = entries + (<usize> size << 4);
  for (let entry = entries; entry < end; entry += 16) {
    store<u32>(entry, load<u32>(slots + (<usize> (load<u32>(entry, 8) & mask) << 2)), 12);
  }
  const known = categories.entries;
  for (let entry = entries; entry < end; entry += 16) {
    const held = load<u32>(entry, 12);
    if (held != 0) store<u32>(entry, load<u32>(known + <usize> (held - 1) * 12), 12);
  }
  for (let entry = entries; entry < end; entry += 16) {
    const text = load<u32>(entry, 12);
    if (text != 0) store<u32>(entry, load<u8>(text), 12);
  }
}

/** Room for so many entries, half of the slots free. */
function reserve(categories: Categories, size: u32): void {
  if (size > categories.capacity) {
    let capacity = max<u32>(categories.capacity, 16);
    while (capacity < size) capacity <<= 1;
    const entries = allocate(capacity * 16);
    if (categories.capacity != 0) {
      memory.copy(entries, categories.entries, <usize> categories.size * 12);
      release(categories.entries, categories.capacity * 16);
    }
    categories.entries = entries;
    categories.capacity = capacity;
  }
  if (size * 2 <= categories.mask + 1 && categories.mask != 0) return;
  let count: u32 = max<u32>(categories.mask + 1, 64);
  // Fewer steps than by doubling: each puts all entries into their places again.
  while (count < size * 2) count <<= 2;
  if (categories.mask != 0) release(categories.slots, (categories.mask + 1) * 4);
  const slots = allocate(count * 4);
  memory.fill(slots, 0, <usize> count * 4);
  const mask = count - 1;
  for (let code: u32 = 0; code < categories.size; code++) {
    let slot = load<u32>(categories.entries + <usize> code * 12, 8) & mask;
    while (load<u32>(slots + (<usize> slot << 2)) != 0) slot = (slot + 1) & mask;
    store<u32>(slots + (<usize> slot << 2), code + 1);
  }
  categories.slots = slots;
  categories.mask = mask;
}

/** May write 15 bytes more. */

function copyText(to: usize, from: usize, size: u32): void {
  if (size > 256) {
    memory.copy(to, from, size);
    return;
  }
  for (let at: u32 = 0; at < size; at += 16) v128.store(to + at, v128.load(from + at));
}

function categoryOf(categories: Categories, from: usize, size: u32, hash: u32): i32 {
  const mask = categories.mask;
  const slots = categories.slots;
  let slot = hash & mask;
  for (;;) {
    const held = load<u32>(slots + (<usize> slot << 2));
    if (held == 0) break;
    const entry = categories.entries + <usize> (held - 1) * 12;
    if (load<u32>(entry, 8) == hash && load<u32>(entry, 4) == size && isEqual(load<u32>(entry), from, size)) {
      return held - 1;
    }
    slot = (slot + 1) & mask;
  }
  if (size > <u32> (categories.end - categories.free)) {
    // 15 bytes more, for texts are copied 16 bytes at a time.
    const block = max<u32>(min<u32>(max<u32>(categories.size * 8, 256), 1 << 20), size + 15);
    categories.free = allocate(block);
    categories.end = categories.free + block - 15;
  }
  const text = categories.free;
  categories.free += size;
  categories.bytes += size;
  copyText(text, from, size);
  const code = categories.size++;
  const entry = categories.entries + <usize> code * 12;
  store<u32>(entry, <u32> text);
  store<u32>(entry, size, 4);
  store<u32>(entry, hash, 8);
  store<u32>(slots + (<usize> slot << 2), code + 1);
  return code;
}
