/**
 * The quick way to scan delimited text: pieces of the file go through the kernels (src/kernels/csv.as.ts), on several
 * threads where there are some, and their columns are put together in the order of the file. Gives what `scanRows`
 * gives, or nothing where the text is odd (broken rows, stray quotes, no UTF-8): then `scanRows` reads it, or says what is wrong.
 */
import { KernelError, type Threads } from "@/kernels/threads.ts";
import { type Chunk, CsvMemory, ODD, TEXT, TEXT_BYTES } from "./csv_memory.ts";
import { CODED, DECIMAL_COMMA, type ScanInput, type ScanResult, SKIP } from "./csv_scan.ts";
import { PackedTextBuilder } from "./packed_text.ts";
import { parseNumber } from "./parse_number.ts";

/** Bytes a chunk: with its columns it stays in the cache of one core. */
const CHUNK_BYTES = 1 << 19;
/** A line must fit into a chunk. */
const MAX_CHUNK_BYTES = 1 << 24;
/** More columns than this are left to the plain way: their rows would be larger than chunks. */
const MAX_COLUMNS = 8192;
/** Tasks that the dictionaries of a chunk are merged in. */
const MERGES = 16;
/** From so many rows on, a column of which more than half the values are different is packed. */
const ENOUGH_ROWS = 1 << 13;
const MAX_TEXT_BYTES = 2 ** 32 - 1;

/** The same rows by the kernels; undefined when they can't read them. */
export function scanChunks(
  input: ScanInput,
  modes: Uint8Array,
  threads: Threads,
  chunkBytes = CHUNK_BYTES,
): ScanResult | undefined {
  if (modes.length > MAX_COLUMNS || !isPlainSeparator(input.separator)) return undefined;
  const mark = threads.kernels.mark();
  try {
    return new Assembly(input, modes, threads).run(chunkBytes);
  } catch (error) {
    // Its memory of 4 GiB is full.
    if (error instanceof KernelError || error instanceof WebAssembly.RuntimeError) return undefined;
    throw error;
  } finally {
    threads.kernels.rewind(mark);
  }
}

/** Not a part of a number, and not a blank. */
function isPlainSeparator(separator: number): boolean {
  return !/[0-9a-z+\-. ]/i.test(String.fromCharCode(separator));
}

class Assembly {
  readonly #input: ScanInput;
  readonly #modes: Uint8Array;
  readonly #threads: Threads;
  readonly #memory: CsvMemory;
  readonly #failed: Uint8Array;
  readonly #values: Float64Array[];
  readonly #codes: Int32Array[];
  readonly #strings: string[][];
  readonly #packed: (PackedTextBuilder | undefined)[] = [];
  /** Bytes of each column's strings. */
  readonly #decoded: Float64Array;
  #capacity: number;
  #rows = 0;

  constructor(input: ScanInput, modes: Uint8Array, threads: Threads) {
    this.#input = input;
    this.#modes = modes;
    this.#threads = threads;
    this.#memory = new CsvMemory(threads, modes.length, input.separator);
    this.#memory.modes.set(modes);
    this.#failed = new Uint8Array(modes.length);
    this.#capacity = Math.max(16, input.expected_rows);
    this.#values = Array.from(modes, (mode) => doubles(mode < CODED ? this.#capacity : 0));
    this.#codes = Array.from(modes, (mode) => integers(mode === CODED ? this.#capacity : 0));
    this.#strings = Array.from(modes, () => []);
    this.#decoded = new Float64Array(modes.length);
  }

  /** Chunks are filled ahead, parsed on any thread, and taken in the order of the file. */
  run(chunkBytes: number): ScanResult | undefined {
    const { bytes, start } = this.#input;
    const chunks = this.#threads.size === 1 ? 1 : this.#threads.size + 2;
    const waiting: { task: number; chunk: Chunk }[] = [];
    const free: Chunk[] = [];
    let isRead = true;
    for (let position = start; isRead && (position < bytes.length || waiting.length > 0);) {
      if (position < bytes.length && waiting.length < chunks) {
        const filled = this.#fill(free, position, chunkBytes);
        if (filled) {
          const { chunk, next } = filled;
          waiting.push({ task: this.#threads.submit("csv_parse", this.#memory.file, chunk.pointer), chunk });
          chunkBytes = chunk.capacity;
          position = next;
        } else isRead = false;
        continue;
      }
      const { task, chunk } = waiting.shift()!;
      this.#threads.wait(task);
      isRead = (chunk.flags & ODD) === 0 && this.#take(chunk);
      if (chunk.capacity === chunkBytes) free.push(chunk);
    }
    for (const { task } of waiting) this.#threads.wait(task);
    return isRead ? this.#result() : undefined;
  }

  /** A chunk with the lines at the position, as large as one line needs; undefined when that is too large. */
  #fill(free: Chunk[], position: number, capacity: number): { chunk: Chunk; next: number } | undefined {
    let chunk = free.pop() ?? this.#memory.newChunk(capacity);
    for (;;) {
      const next = chunk.fill(this.#input.bytes, position, this.#memory.modes);
      if (next >= 0) return { chunk, next };
      if (chunk.capacity * 4 > MAX_CHUNK_BYTES) return undefined;
      free.length = 0;
      chunk = this.#memory.newChunk(chunk.capacity * 4);
    }
  }

  /** Puts the chunk's columns behind those that are there; false when a text is not UTF-8. */
  #take(chunk: Chunk): boolean {
    const { rows } = chunk;
    if (this.#rows + rows > this.#capacity) this.#grow(this.#rows + rows);
    const step = Math.min(this.#modes.length, MERGES);
    const merges = this.#modes.includes(CODED)
      ? Array.from(
        { length: step },
        (_, first) => this.#threads.submit("csv_merge", this.#memory.file, chunk.pointer, first, step),
      )
      : [];
    this.#readHardNumbers(chunk);
    this.#modes.forEach((mode, k) => {
      if (mode >= CODED || this.#failed[k]) return;
      if (chunk.hasFailed(k)) this.#fail(k);
      else this.#values[k].set(chunk.numbers(k), this.#rows);
    });
    for (const merge of merges) this.#threads.wait(merge);
    let isText = true;
    for (const { column, bytes, ends } of chunk.texts()) this.#packed[column]!.addAll(bytes, ends);
    chunk.modes.forEach((mode, k) => {
      if (mode !== CODED) return;
      const packed = this.#packed[k];
      // It was filled before the column became packed.
      if (packed) return this.#memory.eachText(k, chunk.codes(k), (...text) => packed.add(...text));
      this.#codes[k].set(chunk.codes(k), this.#rows);
      // Before the next chunk is merged, and while others parse.
      isText &&= this.#decode(k, TEXT_BYTES);
    });
    this.#rows += rows;
    if (this.#rows >= ENOUGH_ROWS) this.#packDistinct();
    return isText;
  }

  /** Columns whose values mostly differ need no dictionary from here on. */
  #packDistinct(): void {
    this.#modes.forEach((mode, k) => {
      if (mode !== CODED || this.#packed[k] || this.#memory.categoriesOf(k) <= this.#rows / 2) return;
      const rowBytes = this.#memory.textBytes(k) / this.#memory.categoriesOf(k);
      const packed = new PackedTextBuilder(this.#capacity, Math.ceil(this.#capacity * rowBytes * 1.05));
      this.#packed[k] = packed;
      this.#memory.eachText(k, this.#codes[k].subarray(0, this.#rows), (...text) => packed.add(...text));
      this.#codes[k] = integers(0);
      this.#strings[k] = [];
      this.#memory.modes[k] = TEXT;
    });
  }

  /** Makes strings of a column's new categories if they are long enough; false when one is not UTF-8. */
  #decode(column: number, atLeast: number): boolean {
    const bytes = this.#memory.textBytes(column);
    if (bytes - this.#decoded[column] < atLeast) return true;
    this.#decoded[column] = bytes;
    return this.#memory.decode(column, this.#strings[column]);
  }

  #fail(column: number): void {
    this.#failed[column] = 1;
    this.#memory.modes[column] = SKIP;
    this.#values[column] = doubles(0);
  }

  #readHardNumbers(chunk: Chunk): void {
    const hard = chunk.hardNumbers();
    const memory = new Uint8Array(this.#threads.memory.buffer);
    for (let i = 0; i < hard.length; i += 3) {
      const [cell, from, to] = hard.subarray(i, i + 3);
      const decimal = this.#modes[chunk.columnAt(cell)] === DECIMAL_COMMA ? 44 : 46;
      new DataView(memory.buffer).setFloat64(
        cell,
        parseNumber(memory.slice(from, to), 0, to - from, decimal),
        true,
      );
    }
  }

  #grow(rows: number): void {
    this.#capacity = Math.ceil(rows * 1.1);
    this.#values.forEach((values, k) => {
      if (!values.length) return;
      this.#values[k] = doubles(this.#capacity);
      this.#values[k].set(values.subarray(0, this.#rows));
    });
    this.#codes.forEach((codes, k) => {
      if (!codes.length) return;
      this.#codes[k] = integers(this.#capacity);
      this.#codes[k].set(codes.subarray(0, this.#rows));
    });
  }

  #result(): ScanResult | undefined {
    const rows = this.#rows;
    const isText = (mode: number, k: number) => mode !== CODED || this.#packed[k] || this.#decode(k, 0);
    if (!this.#modes.every(isText)) return undefined;
    if (this.#packed.some((packed) => packed && packed.size > MAX_TEXT_BYTES)) return undefined;
    return {
      rows,
      end: this.#input.bytes.length,
      short: { rows: 0, first: -1 },
      failed: this.#failed,
      values: Array.from(
        this.#modes,
        (mode, k) => mode < CODED && !this.#failed[k] ? this.#values[k].subarray(0, rows) : undefined,
      ),
      codes: Array.from(
        this.#modes,
        (mode, k) =>
          mode === CODED
            ? this.#packed[k]?.finish() ??
              { codes: this.#codes[k].subarray(0, rows), categories: this.#strings[k] }
            : undefined,
      ),
    };
  }
}

function doubles(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * 8));
}

function integers(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * 4));
}
