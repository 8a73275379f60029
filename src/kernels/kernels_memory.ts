/**
 * The memory of the kernels, and the kernels compiled for it.
 *
 * They are built for a memory of a fixed size, all 4 GiB that 32 bits can address: V8 then keeps its size in a register
 * and checks a place once, where it would look up the size of a shared memory that may grow after every write. The
 * loops of boosting take 0.85 of the time so. Memory that is not touched is not there: it costs addresses only.
 * Windows promises each process all that it asks for, so there the memory grows, as where so much is refused.
 */
import wasm from "./kernels.wasm" with { type: "bytes" };

const PAGES = 65536;
const PAGES_TO_START = 2;
/** In the import of the memory: shared and limited; from 65536 pages to 65536, in the digits of LEB128. */
const FIXED_LIMITS = [3, 0x80, 0x80, 4, 0x80, 0x80, 4];
const GROWING_LIMITS = [3, 0x80 | PAGES_TO_START, 0x80, 0, 0x80, 0x80, 4];

let fixed: WebAssembly.Module | undefined;
let growing: WebAssembly.Module | undefined;

export interface KernelMemory {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/**
 * @param mayFix for tests: false makes a memory that grows
 * @throws RangeError where no memory can be reserved
 */
export function openMemory(mayFix = Deno.build.os !== "windows"): KernelMemory {
  // Once refused, it is not asked for again.
  if (mayFix && growing === undefined) {
    try {
      const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
      return { module: fixed ??= new WebAssembly.Module(wasm), memory };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  const memory = new WebAssembly.Memory({ initial: PAGES_TO_START, maximum: PAGES, shared: true });
  return { module: growing ??= new WebAssembly.Module(withGrowingMemory(wasm)), memory };
}

/** The kernels for a memory that starts small: two numbers in the import section say so. */
function withGrowingMemory(kernels: Uint8Array): Uint8Array<ArrayBuffer> {
  const changed = kernels.slice();
  const at = changed.findIndex((_, i) => FIXED_LIMITS.every((byte, k) => changed[i + k] === byte));
  changed.set(GROWING_LIMITS, at);
  return changed;
}
