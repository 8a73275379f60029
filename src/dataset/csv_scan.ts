/**
 * One pass over the bytes of delimited text: every field goes straight into its column's typed array.
 * There is no text of a line and no object of a row, so memory grows with the columns alone.
 *
 * Source: RFC 4180, with CR and LF as line ends too, blank lines skipped, and blanks around fields dropped.
 */
import { ByteDictionary } from "./dictionary.ts";
import { fieldCountError, notUtf8Error, unclosedQuoteError } from "./csv_errors.ts";
import type { PackedText } from "./packed_text.ts";
import { MISSING_WORDS } from "./missing_values.ts";
import { MAX_EXACT, NOT_A_NUMBER, parseNumber, POWERS_OF_TEN } from "./parse_number.ts";

/** What a column is tried as. One that does not fit fails and is scanned again as the next. */
export const NUMBER = 0;
export const DECIMAL_COMMA = 1;
export const CODED = 2;
/** Only the shape of the rows is checked. */
export const SKIP = 3;

const LF = 10;
const CR = 13;
const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const POINT = 46;
const COMMA = 44;

const MISSING_BYTES = MISSING_WORDS.map((word) => new TextEncoder().encode(word));
const LONGEST_MISSING = Math.max(...MISSING_BYTES.map((word) => word.length));

export interface ScanInput {
  bytes: Uint8Array;
  /** Where the first row begins. */
  start: number;
  /** The byte between fields. */
  separator: number;
  /** The columns' names: their number is that of the fields, and errors say them. */
  names: readonly string[];
  /** A guess, so that the arrays seldom have to grow. */
  expected_rows: number;
  max_rows: number;
}

export interface ScanResult {
  rows: number;
  /** Where the scan stopped. */
  end: number;
  /** Rows with fewer fields than there are names, and where the first begins (-1: none). */
  short: { rows: number; first: number };
  /** 1 for each column whose values do not fit its mode. */
  failed: Uint8Array;
  /** Per column: numbers with NaN for missing, or codes with -1, or undefined where failed or skipped. */
  values: (Float64Array | undefined)[];
  codes: ({ codes: Int32Array; categories: string[] } | PackedText | undefined)[];
}

/**
 * Scans rows into columns.
 * @param modes one of the modes above a column
 * @throws AppError invalid_argument with line and column: a row with more fields, a quote that does not end, bytes
 *   that are not UTF-8
 */
export function scanRows(input: ScanInput, modes: Uint8Array): ScanResult {
  const scanner = new Scanner(input, modes);
  while (scanner.rows < input.max_rows && scanner.hasRow()) scanner.readRow();
  return scanner.result();
}

/** The state of a scan. Rows and fields have methods of their own since V8 optimizes small ones best. */
class Scanner {
  rows = 0;
  readonly #input: ScanInput;
  readonly #bytes: Uint8Array;
  readonly #separator: number;
  readonly #modes: Uint8Array;
  /** The modes, with SKIP from the row on where a column failed. */
  readonly #mode: Uint8Array;
  readonly #failed: Uint8Array;
  readonly #values: Float64Array[];
  readonly #codes: Int32Array[];
  readonly #dictionaries: (ByteDictionary | undefined)[];
  readonly #short = { rows: 0, first: -1 };
  #capacity: number;
  #pos: number;
  /** The bytes [from, to) of `source` are the value of the field that `#findField` found. */
  #source: Uint8Array;
  #from = 0;
  #to = 0;
  #scratch = new Uint8Array(256);

  constructor(input: ScanInput, modes: Uint8Array) {
    const capacity = Math.max(16, Math.min(input.expected_rows, input.max_rows));
    this.#input = input;
    this.#bytes = input.bytes;
    this.#source = input.bytes;
    this.#separator = input.separator;
    this.#modes = modes;
    this.#mode = modes.slice();
    this.#failed = new Uint8Array(modes.length);
    this.#values = Array.from(modes, (mode) => new Float64Array(mode < CODED ? capacity : 0));
    this.#codes = Array.from(modes, (mode) => new Int32Array(mode === CODED ? capacity : 0));
    this.#dictionaries = Array.from(modes, (mode) => mode === CODED ? newDictionary() : undefined);
    this.#capacity = capacity;
    this.#pos = input.start;
  }

  /** Goes to the next line that is not blank. */
  hasRow(): boolean {
    this.#pos = skipBlankLines(this.#bytes, this.#pos, this.#separator);
    return this.#pos < this.#bytes.length;
  }

  /** Reads one row; afterwards the position is at its line's end. */
  readRow(): void {
    if (this.rows === this.#capacity) this.#grow();
    const start = this.#pos;
    const last = this.#mode.length - 1;
    for (let column = 0; column < last; column++) {
      if (this.#readField(column) !== this.#separator) return this.#endShort(column + 1, start);
      this.#pos++;
    }
    if (this.#readField(last) === this.#separator) throw fieldCountError(this.#input, start);
    this.rows++;
  }

  /** The fields from this column on are not there: missing values, as in pandas. */
  #endShort(from: number, start: number): void {
    for (let column = from; column < this.#mode.length; column++) {
      const mode = this.#mode[column];
      if (mode < CODED) this.#values[column][this.rows] = NaN;
      else if (mode === CODED) this.#codes[column][this.rows] = -1;
    }
    if (this.#short.rows++ === 0) this.#short.first = start;
    this.rows++;
  }

  /** Reads one field into its column; returns the byte behind it (LF at the end of the file). */
  #readField(column: number): number {
    const mode = this.#mode[column];
    if (mode < CODED) {
      const decimal = mode === NUMBER ? POINT : COMMA;
      let value = this.#readPlainNumber(decimal);
      if (value === NOT_A_NUMBER) {
        this.#findField(column);
        value = isMissingWord(this.#source, this.#from, this.#to)
          ? NaN
          : parseNumber(this.#source, this.#from, this.#to, decimal);
      }
      if (value === NOT_A_NUMBER) {
        this.#failed[column] = 1;
        this.#mode[column] = SKIP;
      } else this.#values[column][this.rows] = value;
    } else {
      this.#findField(column);
      if (mode === CODED) this.#codes[column][this.rows] = this.#code(column);
    }
    return this.#pos < this.#bytes.length ? this.#bytes[this.#pos] : LF;
  }

  /** The number at the position, read while its end is looked for; NOT_A_NUMBER, unmoved, for all else. */
  #readPlainNumber(decimal: number): number {
    const bytes = this.#bytes;
    const end = bytes.length;
    let at = this.#pos;
    let c = at < end ? bytes[at] : LF;
    const negative = c === 45;
    if (negative) c = ++at < end ? bytes[at] : LF;
    let digits = at;
    let mantissa = 0;
    while (c >= 48 && c <= 57) {
      mantissa = mantissa * 10 + (c - 48);
      c = ++at < end ? bytes[at] : LF;
    }
    digits = at - digits;
    let scale = 0;
    if (c === decimal) {
      const point = ++at;
      c = at < end ? bytes[at] : LF;
      while (c >= 48 && c <= 57) {
        mantissa = mantissa * 10 + (c - 48);
        c = ++at < end ? bytes[at] : LF;
      }
      scale = at - point;
      digits += scale;
    }
    if (digits === 0) return NOT_A_NUMBER;
    const hasExponent = c === 101 || c === 69;
    if (hasExponent) {
      do c = ++at < end ? bytes[at] : LF; while ((c >= 48 && c <= 57) || c === 45 || c === 43);
    }
    if (c !== this.#separator && c !== LF && c !== CR) return NOT_A_NUMBER;
    let value: number;
    if (mantissa <= MAX_EXACT && scale <= 22 && !hasExponent) {
      value = mantissa / POWERS_OF_TEN[scale];
      if (negative) value = -value;
    } else value = parseNumber(bytes, this.#pos, at, decimal);
    if (value !== NOT_A_NUMBER) this.#pos = at;
    return value;
  }

  /** Finds the field at the position, and goes behind it. */
  #findField(column: number): void {
    const bytes = this.#bytes;
    const end = bytes.length;
    const separator = this.#separator;
    let at = skipSpaces(bytes, this.#pos, separator);
    if (bytes[at] === QUOTE) {
      this.#findQuoted(at, column);
      return;
    }
    this.#source = bytes;
    this.#from = at;
    for (; at < end; at++) {
      const c = bytes[at];
      if (c === separator || c === LF || c === CR) break;
    }
    this.#pos = at;
    while (at > this.#from && (bytes[at - 1] === SPACE || bytes[at - 1] === TAB)) at--;
    this.#to = at;
  }

  #findQuoted(open: number, column: number): void {
    const bytes = this.#bytes;
    let isEscaped = false;
    let close = bytes.indexOf(QUOTE, open + 1);
    while (close >= 0 && bytes[close + 1] === QUOTE) {
      isEscaped = true;
      close = bytes.indexOf(QUOTE, close + 2);
    }
    if (close < 0) throw unclosedQuoteError(this.#input, open, column);
    this.#pos = skipSpaces(bytes, close + 1, this.#separator);
    const c = bytes[this.#pos];
    if (c !== this.#separator && c !== LF && c !== CR && this.#pos < bytes.length) {
      this.#findBehindQuotes(open, close);
      return;
    }
    if (!isEscaped) {
      this.#source = bytes;
      this.#from = open + 1;
      this.#to = close;
      return;
    }
    if (this.#scratch.length < close - open) this.#scratch = new Uint8Array((close - open) * 2);
    this.#source = this.#scratch;
    this.#from = 0;
    this.#to = unescapeQuotes(bytes, open + 1, close, this.#scratch);
  }

  /** "x"y is xy, as in pandas: quotes behind the closing one are plain characters. */
  #findBehindQuotes(open: number, close: number): void {
    const bytes = this.#bytes;
    let end = close + 1;
    while (end < bytes.length && bytes[end] !== this.#separator && bytes[end] !== LF && bytes[end] !== CR) {
      end++;
    }
    this.#pos = end;
    while (bytes[end - 1] === SPACE || bytes[end - 1] === TAB) end--;
    if (this.#scratch.length < end - open) this.#scratch = new Uint8Array((end - open) * 2);
    const length = unescapeQuotes(bytes, open + 1, close, this.#scratch);
    this.#scratch.set(bytes.subarray(close + 1, end), length);
    this.#source = this.#scratch;
    this.#from = 0;
    this.#to = length + end - close - 1;
  }

  /** The code of the field that was found. */
  #code(column: number): number {
    const dictionary = this.#dictionaries[column]!;
    const known = dictionary.size;
    const code = dictionary.codeOf(this.#source, this.#from, this.#to);
    if (code === known && !isUtf8(this.#source, this.#from, this.#to)) {
      throw notUtf8Error(this.#input, this.#pos - (this.#to - this.#from) - 1, column);
    }
    return code < MISSING_WORDS.length ? -1 : code - MISSING_WORDS.length;
  }

  #grow(): void {
    this.#capacity = Math.ceil(this.#capacity * 1.5);
    this.#values.forEach((values, k) => {
      if (values.length) this.#values[k] = resized(values, new Float64Array(this.#capacity));
    });
    this.#codes.forEach((codes, k) => {
      if (codes.length) this.#codes[k] = resized(codes, new Int32Array(this.#capacity));
    });
  }

  result(): ScanResult {
    const { rows } = this;
    return {
      rows,
      end: this.#pos,
      short: this.#short,
      failed: this.#failed,
      values: this.#values.map((values, k) =>
        this.#modes[k] < CODED && !this.#failed[k] ? trimmed(values, rows) : undefined
      ),
      codes: this.#codes.map((codes, k) => {
        const categories = this.#dictionaries[k]?.strings(MISSING_WORDS.length);
        return categories && { codes: trimmed(codes, rows), categories };
      }),
    };
  }
}

function skipSpaces(bytes: Uint8Array, start: number, separator: number): number {
  let at = start;
  while (at < bytes.length && (bytes[at] === SPACE || (bytes[at] === TAB && separator !== TAB))) at++;
  return at;
}

/** A dictionary whose first codes are the words for missing, so that a look-up tells both at once. */
function newDictionary(): ByteDictionary {
  const dictionary = new ByteDictionary();
  for (const word of MISSING_BYTES) dictionary.codeOf(word, 0, word.length);
  return dictionary;
}

function isMissingWord(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  if (length === 0) return true;
  if (length > LONGEST_MISSING) return false;
  for (const word of MISSING_BYTES) {
    if (word.length !== length) continue;
    let i = 0;
    while (i < length && word[i] === bytes[from + i]) i++;
    if (i === length) return true;
  }
  return false;
}

/** Where the next line that holds anything begins. A line of separators holds (empty) fields. */
export function skipBlankLines(bytes: Uint8Array, start: number, separator: number): number {
  let pos = start;
  for (;;) {
    let at = pos;
    while (bytes[at] === SPACE || (bytes[at] === TAB && separator !== TAB)) at++;
    if (at >= bytes.length) return bytes.length;
    if (bytes[at] !== LF && bytes[at] !== CR) return pos;
    pos = at + 1;
  }
}

/** Copies bytes[from, to) with each doubled quote single; returns the length. */
function unescapeQuotes(bytes: Uint8Array, from: number, to: number, target: Uint8Array): number {
  let length = 0;
  for (let i = from; i < to; i++) {
    target[length++] = bytes[i];
    if (bytes[i] === QUOTE) i++;
  }
  return length;
}

const STRICT = new TextDecoder("utf-8", { fatal: true });

function isUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  let i = from;
  while (i < to && bytes[i] < 128) i++;
  if (i === to) return true;
  try {
    STRICT.decode(bytes.slice(from, to));
    return true;
  } catch {
    return false;
  }
}

function trimmed<T extends Float64Array | Int32Array>(array: T, rows: number): T {
  return (array.length === rows ? array : array.slice(0, rows)) as T;
}

function resized<T extends Float64Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
