/**
 * The quick way to scan delimited text: pieces of the file go through the kernels (src/kernels/csv.as.ts), on several
 * threads where there are some, and their columns are put together in the order of the file. Gives what `scanRows`
 * gives, or nothing where the text is odd (broken rows, stray quotes, no UTF-8): then `scanRows` reads it, or says what is wrong.
 */
import type { Threads } from "@/kernels/threads.ts";
import { type Chunk, CsvMemory, NOT_ASCII, ODD } from "./csv_memory.ts";
import { CODED, DECIMAL_COMMA, type ScanInput, type ScanResult, SKIP } from "./csv_scan.ts";
import { parseNumber } from "./parse_number.ts";

/** Bytes a chunk: with its columns it stays in the cache of one core. */
const CHUNK_BYTES = 1 << 19;
/** A line must fit into a chunk. */
const MAX_CHUNK_BYTES = 1 << 24;
/** More columns than this are left to the plain way: their rows would be larger than chunks. */
const MAX_COLUMNS = 8192;
/** Text is decoded in pieces of about this size. */
const TEXT_BYTES = 1 << 16;

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
    // A kernel's trap: its memory of 4 GiB is full.
    if (error instanceof WebAssembly.RuntimeError) return undefined;
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
  readonly #categories: number[];
  #capacity: number;
  #rows = 0;
  #isAscii = true;

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
    this.#categories = Array.from(modes, (mode) => mode === CODED ? this.#memory.newCategories() : 0);
  }

  run(chunkBytes: number): ScanResult | undefined {
    const { bytes } = this.#input;
    const waiting: { task: number; chunk: Chunk }[] = [];
    const free: Chunk[] = [];
    let position = this.#input.start;
    let isWhole = true;
    const places = this.#threads.size === 1 ? 1 : this.#threads.size * 2;
    while (position < bytes.length || waiting.length > 0) {
      if (position < bytes.length && waiting.length < places) {
        let chunk = free.pop() ?? this.#memory.newChunk(chunkBytes);
        let next = chunk.fill(bytes, position);
        while (next < 0) {
          chunkBytes = chunk.capacity * 4;
          if (chunkBytes > MAX_CHUNK_BYTES) break;
          chunk = this.#memory.newChunk(chunkBytes);
          next = chunk.fill(bytes, position);
        }
        if (next < 0) {
          isWhole = false;
          break;
        }
        position = next;
        waiting.push({ task: this.#threads.submit("csv_parse", this.#memory.file, chunk.pointer), chunk });
        continue;
      }
      const { task, chunk } = waiting.shift()!;
      this.#threads.wait(task);
      if ((chunk.flags & ODD) !== 0) {
        isWhole = false;
        break;
      }
      this.#take(chunk);
      free.push(chunk);
    }
    for (const { task } of waiting) this.#threads.wait(task);
    return isWhole ? this.#result() : undefined;
  }

  /** Puts the chunk's columns behind those that are there. */
  #take(chunk: Chunk): void {
    const { rows } = chunk;
    if (this.#rows + rows > this.#capacity) this.#grow(this.#rows + rows);
    if ((chunk.flags & NOT_ASCII) !== 0) this.#isAscii = false;
    this.#readHardNumbers(chunk);
    for (let k = 0; k < this.#modes.length; k++) {
      const mode = this.#modes[k];
      if (mode === SKIP || this.#failed[k]) continue;
      if (mode === CODED) {
        this.#threads.kernels.csv_merge(this.#memory.file, chunk.pointer, k, this.#categories[k]);
        this.#codes[k].set(chunk.codes(k), this.#rows);
      } else if (chunk.hasFailed(k)) this.#fail(k);
      else this.#values[k].set(chunk.numbers(k), this.#rows);
    }
    this.#rows += rows;
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
    const codes: ScanResult["codes"] = [];
    for (const [k, mode] of this.#modes.entries()) {
      if (mode !== CODED) continue;
      const categories = this.#strings(this.#categories[k]);
      if (!categories) return undefined;
      codes[k] = { codes: this.#codes[k].subarray(0, rows), categories };
    }
    return {
      rows,
      end: this.#input.bytes.length,
      failed: this.#failed,
      values: this.#values.map((values, k) =>
        this.#modes[k] < CODED && !this.#failed[k] ? values.subarray(0, rows) : undefined
      ),
      codes,
    };
  }

  /** The categories as strings; undefined when one is not UTF-8. */
  #strings(categories: number): string[] | undefined {
    if (!this.#isAscii) this.#threads.kernels.csv_lengths(categories);
    const entries = this.#memory.entriesOf(categories);
    const strings = new Array<string>(entries.length / 3);
    const unit = this.#isAscii ? 1 : 2;
    for (let i = 0; i < entries.length;) {
      const from = entries[i];
      let to = from;
      let next = i;
      while (next < entries.length && entries[next] === to && to - from < TEXT_BYTES) {
        to += entries[next + 1];
        next += 3;
      }
      const bytes = this.#memory.copy(from, to - from);
      let text: string;
      try {
        text = DECODER.decode(bytes);
      } catch {
        return undefined;
      }
      for (let at = 0; i < next; i += 3) {
        // A text that begins inside a character is only decoded because the one before it is cut off.
        if (!this.#isAscii && (bytes[entries[i] - from] & 0xc0) === 0x80) return undefined;
        const end = at + entries[i + unit];
        strings[i / 3] = text.slice(at, end);
        at = end;
      }
    }
    return strings;
  }
}

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function doubles(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * 8));
}

function integers(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * 4));
}
