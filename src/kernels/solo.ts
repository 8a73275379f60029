/** The kernels on the caller's own thread, with one memory that all users share, one after the other. */
import type { Kernels } from "./kernels.ts";
import { openThreads } from "./threads.ts";

/** Pieces of the kernels' memory as typed arrays. They are valid until the run that they were given to ends. */
export interface Arena {
  readonly kernels: Kernels;
  /** Zeros. */
  floats(count: number): Float32Array;
  /** Zeros. */
  doubles(count: number): Float64Array;
  integers(count: number): Int32Array;
  /** Doubles, what is left over there. */
  room(count: number): Float64Array;
  /** A pointer to what is left over there. */
  bytes(count: number): number;
  /** What is at a pointer. */
  floatAt(pointer: number): number;
}

/** The buffers that the memory had so far: it gets another object whenever it grows. */
const buffers = new WeakSet<ArrayBufferLike>();

/** Whether an array lies in this memory, so that a kernel can be given its `byteOffset`. */
export function isPlaced(values: ArrayBufferView): boolean {
  return buffers.has(values.buffer);
}

let open: { memory: WebAssembly.Memory; kernels: Kernels } | undefined;

/**
 * Gives `work` an arena, and takes back all that it took when it ends. A run within a run takes back
 * only its own.
 * @throws RangeError when its memory of 4 GiB is full
 */
export function withArena<T>(work: (arena: Arena) => T): T {
  open ??= openThreads(1);
  const { memory, kernels } = open;
  const mark = kernels.mark();
  let whole = new Float32Array(memory.buffer);
  const take = (bytes: number) => {
    if (bytes > 2 ** 31) throw new RangeError(`${bytes} bytes are too many for the kernels`);
    try {
      return kernels.allocate(bytes);
    } catch {
      throw new RangeError("the memory of the kernels is full");
    }
  };
  try {
    return work({
      kernels,
      floats: (count) => viewOf(take(count * 4), (at) => new Float32Array(memory.buffer, at, count).fill(0)),
      doubles: (count) => viewOf(take(count * 8), (at) => new Float64Array(memory.buffer, at, count).fill(0)),
      bytes: (count) => take(count) >>> 0,
      room: (count) =>
        viewOf(take(count * 8), (at) => {
          buffers.add(memory.buffer);
          return new Float64Array(memory.buffer, at, count);
        }),
      floatAt(pointer) {
        if (pointer + 4 > whole.byteLength) whole = new Float32Array(memory.buffer);
        return whole[pointer >>> 2];
      },
      integers: (count) => viewOf(take(count * 4), (at) => new Int32Array(memory.buffer, at, count)),
    });
  } finally {
    kernels.rewind(mark);
  }
}

/** The memory's buffer is another one once it has grown: so first the place, then the view. */
function viewOf<T>(at: number, view: (at: number) => T): T {
  return view(at >>> 0);
}
