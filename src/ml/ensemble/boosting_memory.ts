/** The structures of boosting.as.ts, boosting_bins.as.ts and boosting_loss.as.ts in the memory of the kernels. */
import type { Threads } from "@/kernels/threads.ts";

/** Byte offsets of the fields; d: doubles, i: 64-bit integers, u: 32-bit words. */
export const GRID = {
  gradientScale: "d0",
  hessianScale: "d8",
  gradientUnit: "d16",
  hessianUnit: "d24",
  l1: "d32",
  l2: "d40",
  minHessian: "d48",
  minGain: "d56",
  rowBins: "u64",
  columnBins: "u68",
  rows: "u72",
  slots: "u76",
  stride: "u80",
  histogramBytes: "u84",
  counts: "u88",
  starts: "u92",
  flags: "u96",
  monotonic: "u100",
  slopes: "u104",
  order: "u108",
  spare: "u112",
  isIdentity: "u116",
  shift: "u120",
  minRows: "u124",
  isBounded: "u128",
  none: "i136",
  one: "i144",
} as const;

export const REQUEST = {
  gradient: "i0",
  hessian: "i8",
  lossHere: "d16",
  lower: "d24",
  upper: "d32",
  histogram: "u40",
  allowed: "u44",
  rows: "u48",
} as const;

export const CHILDREN = {
  parent: "u0",
  small: "u4",
  partial: "u8",
  partials: "u12",
  smallRequest: "u16",
  largeRequest: "u20",
  isSubtracted: "u24",
} as const;

export const EXPANSION = {
  column: "u0",
  left: "u4",
  from: "u8",
  to: "u12",
  isLeftSmall: "u16",
  scratch: "u20",
  out: "u24",
  children: "u28",
} as const;

export const FOUND = {
  gain: "d0",
  gradientLeft: "i8",
  hessianLeft: "i16",
  set: "u24",
  slot: "u56",
  bin: "u60",
  rowsLeft: "u64",
  missingLeft: "u68",
} as const;

export const COLUMN = {
  values: "u0",
  rows: "u4",
  cuts: "u8",
  codes: "u12",
  size: "u16",
  missing: "u20",
  bins: "u24",
} as const;

export const TARGETS = {
  alpha: "d0",
  loss: "u8",
  trees: "u12",
  rows: "u16",
  stride: "u20",
  y: "u24",
  weight: "u28",
  raw: "u32",
  slopes: "u36",
  sums: "u40",
} as const;

type Layout = Record<string, `${"d" | "i" | "u"}${number}`>;

/** Bytes of any of them. */
const STRUCT_BYTES = 256;

/** One structure: fields are read and written by name. */
export class Struct<L extends Layout> {
  readonly pointer: number;
  readonly #kind: Record<string, string> = {};
  readonly #offset: Record<string, number> = {};
  readonly #view: DataView;

  constructor(memory: BoostingMemory, layout: L, pointer = memory.take(STRUCT_BYTES)) {
    this.pointer = pointer;
    this.#view = new DataView(memory.threads.memory.buffer, pointer, STRUCT_BYTES);
    for (const [name, place] of Object.entries(layout)) {
      this.#kind[name] = place[0];
      this.#offset[name] = Number(place.slice(1));
    }
  }

  set(fields: Partial<Record<keyof L, number>>): this {
    for (const name in fields) {
      const at = this.#offset[name];
      const value = fields[name]!;
      const kind = this.#kind[name];
      if (kind === "d") this.#view.setFloat64(at, value, true);
      else if (kind === "u") this.#view.setUint32(at, value, true);
      else this.#view.setBigInt64(at, BigInt(value), true);
    }
    return this;
  }

  get(name: keyof L & string): number {
    const at = this.#offset[name];
    const kind = this.#kind[name];
    if (kind === "d") return this.#view.getFloat64(at, true);
    if (kind === "u") return this.#view.getUint32(at, true);
    return Number(this.#view.getBigInt64(at, true));
  }
}

/** Arrays in the memory of the kernels. */
export class BoostingMemory {
  readonly threads: Threads;

  constructor(threads: Threads) {
    this.threads = threads;
  }

  /** The offset of so many new bytes. */
  take(bytes: number): number {
    return this.threads.kernels.reserve(bytes + 64);
  }

  doubles(pointer: number, length: number): Float64Array {
    return new Float64Array(this.threads.memory.buffer, pointer, length);
  }

  bytes(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.threads.memory.buffer, pointer, length);
  }

  words(pointer: number, length: number): Int32Array {
    return new Int32Array(this.threads.memory.buffer, pointer, length);
  }
}
