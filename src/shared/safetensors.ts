/**
 * The safetensors file format: named arrays of numbers and a few strings, nothing that could run.
 *
 * Layout: 8 bytes little-endian header length N, N bytes of JSON, then the arrays without gaps.
 * Source: README of huggingface/safetensors, "Format". Every machine Deno runs on is little-endian, so
 * arrays are copied as they lie in memory.
 */
import { AppError } from "./errors.ts";

export type Tensor = Float64Array | Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Name in the file, and the array that holds it. Sorted by size, the largest first. */
const DTYPES = {
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
} as const;

export type Dtype = keyof typeof DTYPES;

export interface DecodedTensor {
  dtype: Dtype;
  shape: number[];
  /** The elements, row-major, in memory of their own. */
  data: Tensor;
}

export interface Decoded {
  tensors: Record<string, DecodedTensor>;
  metadata: Record<string, string>;
}

/** The format's own limit of the header, against files that make a reader eat its memory. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * The file's bytes; equal input gives equal bytes. Arrays are one-dimensional, in the order of the format's
 * reference writer: element size from 8 down to 1 byte, then name. So each array is aligned for its type
 * and there is no gap, which the format forbids.
 */
export function encodeSafetensors(
  tensors: Record<string, Tensor>,
  metadata: Record<string, string>,
): Uint8Array {
  const names = Object.keys(tensors).sort((a, b) =>
    tensors[b].BYTES_PER_ELEMENT - tensors[a].BYTES_PER_ELEMENT || (a < b ? -1 : 1)
  );
  const header: [string, unknown][] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length) header.push(["__metadata__", Object.fromEntries(keys.map((key) => [key, metadata[key]]))]);
  let end = 0;
  for (const name of names) {
    if (name === "__metadata__") {
      throw new AppError("invalid_argument", 'Cannot write safetensors: "__metadata__" is a reserved name', {
        hint: "Give the tensor another name.",
      });
    }
    const { length, byteLength } = tensors[name];
    const data_offsets = [end, end += byteLength];
    header.push([name, { dtype: dtypeOf(tensors[name]), shape: [length], data_offsets }]);
  }
  // Written by hand as one object, since keys that look like numbers would be put first.
  const json = `{${
    header.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")
  }}`;
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  bytes.fill(0x20, 8 + text.length, 8 + length);
  let at = 8 + length;
  for (const name of names) {
    const { buffer, byteOffset, byteLength } = tensors[name];
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}

function dtypeOf(tensor: Tensor): Dtype {
  for (const [name, kind] of Object.entries(DTYPES)) if (tensor instanceof kind) return name as Dtype;
  throw new AppError(
    "invalid_argument",
    `Cannot write safetensors: ${Object.prototype.toString.call(tensor)}`,
    {
      hint: `Arrays: ${Object.values(DTYPES).map((kind) => kind.name).join(", ")}.`,
    },
  );
}

/**
 * The arrays and strings of a file. Everything is checked before anything is returned.
 * @throws AppError data_loss, saying what is wrong and where
 */
export function decodeSafetensors(bytes: Uint8Array): Decoded {
  if (bytes.length < 8) throw damaged(`it has ${bytes.length} bytes, and the header's length alone takes 8`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const room = Math.min(bytes.length - 8, MAX_HEADER_BYTES);
  if (length < 2n || length > BigInt(room)) {
    throw damaged(`the header claims ${length} bytes at byte 0, of 2 to ${room} possible`);
  }
  const start = 8 + Number(length);
  const { metadata, entries } = readHeader(bytes.subarray(8, start));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors: [string, DecodedTensor][] = [];
  let covered = 0;
  for (const { name, dtype, shape, begin, end } of entries) {
    if (begin !== covered) {
      const what = begin < covered ? "overlaps the one before" : "leaves a gap";
      throw damaged(`tensor "${name}" ${what}: it begins at ${begin}, expected ${covered}`);
    }
    if (end > bytes.length - start) {
      throw damaged(`tensor "${name}" ends at ${end}, but there are ${bytes.length - start} bytes of data`);
    }
    // `slice` copies, so the element is aligned wherever the file's bytes lie.
    const copy = new Uint8Array(end - begin);
    copy.set(bytes.subarray(start + begin, start + end));
    tensors.push([name, { dtype, shape, data: new DTYPES[dtype](copy.buffer) }]);
    covered = end;
  }
  if (covered !== bytes.length - start) {
    throw damaged(
      `${bytes.length - start - covered} bytes at the end belong to no tensor (from byte ${start + covered})`,
    );
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}

interface Entry {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

function readHeader(bytes: Uint8Array): { metadata: Record<string, string>; entries: Entry[] } {
  if (bytes[0] !== 0x7b) throw damaged("the header does not start with { at byte 8");
  let header: Record<string, unknown>;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw damaged(`the header is not JSON: ${(error as Error).message}`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw damaged(`the header has "${twice}" twice`);
  let metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") metadata = readMetadata(value);
    else entries.push(readEntry(name, value));
  }
  return { metadata, entries };
}

function readMetadata(value: unknown): Record<string, string> {
  if (!isRecord(value)) throw damaged("__metadata__ is not an object");
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string") throw damaged(`__metadata__.${key} is not a string`);
  }
  return value as Record<string, string>;
}

function readEntry(name: string, value: unknown): Entry {
  const where = `tensor "${name}"`;
  if (!isRecord(value)) throw damaged(`${where} is not described by an object`);
  for (const key of Object.keys(value)) {
    if (!["dtype", "shape", "data_offsets"].includes(key)) {
      throw damaged(`${where} has an unknown field "${key}"`);
    }
  }
  const { dtype, shape, data_offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPES, dtype)) {
    throw damaged(
      `${where} has the dtype ${JSON.stringify(dtype)}; known: ${Object.keys(DTYPES).join(", ")}`,
    );
  }
  if (!isCounts(shape)) throw damaged(`${where} has no valid shape: ${JSON.stringify(shape)}`);
  if (!isCounts(data_offsets) || data_offsets.length !== 2 || data_offsets[0] > data_offsets[1]) {
    throw damaged(`${where} has no valid data_offsets: ${JSON.stringify(data_offsets)}`);
  }
  const [begin, end] = data_offsets;
  const size = shape.reduce((product, n) => product * n, 1) * DTYPES[dtype as Dtype].BYTES_PER_ELEMENT;
  if (size !== end - begin) {
    throw damaged(`${where} has ${end - begin} bytes, but ${dtype} of shape [${shape}] takes ${size}`);
  }
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** The first key that an object of this (valid) JSON has twice; JSON.parse would quietly keep the last. */
function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  const tokens = json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g);
  for (const [token, colon] of tokens) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string;
      const keys = open[open.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

function damaged(what: string): AppError {
  return new AppError("data_loss", `Cannot read safetensors: ${what}`, {
    hint: "The file is damaged or is no safetensors file. Take it again from where it came from.",
  });
}
