/**
 * The memory of the kernels, and the kernels compiled for it: up to 4 GiB, all that 32 bits can address.
 *
 * A memory that grows costs every loop: as it is shared, V8 looks up its size again after each write. Where the size is
 * fixed, V8 keeps it in a register and checks a place once; the loops of boosting take 0.85 of the time so. What is not
 * touched of it is addresses only. But V8 counts all of it when it decides to collect garbage, which takes milliseconds
 * with each new one, so a fixed memory is for work of some hundred milliseconds. Windows promises each process all that
 * it asks for: there the memory grows, as where so much is refused.
 */
import wasm from "./kernels.wasm" with { type: "bytes" };

const PAGES = 65536;
const PAGES_TO_START = 2;
/** In the import of the memory: shared and limited; pages at the start and at most, in the digits of LEB128. */
const FIXED_LIMITS = [3, 0x80, 0x80, 4, 0x80, 0x80, 4];
const GROWING_LIMITS = [3, 0x80 | PAGES_TO_START, 0x80, 0, 0x80, 0x80, 4];

let fixed: WebAssembly.Module | undefined;
let growing: WebAssembly.Module | undefined;

export interface KernelMemory {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** A memory that grows as it is used. @throws RangeError where no memory can be reserved */
export function openMemory(): KernelMemory {
  const memory = new WebAssembly.Memory({ initial: PAGES_TO_START, maximum: PAGES, shared: true });
  return { module: growing ??= new WebAssembly.Module(withGrowingMemory(wasm)), memory };
}

/** A memory of fixed size where the system gives it, for long work. @throws RangeError where no memory can be reserved */
export function openFixedMemory(): KernelMemory {
  if (Deno.build.os === "windows") return openMemory();
  try {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    return { module: fixed ??= new WebAssembly.Module(wasm), memory };
  } catch (error) {
    if (error instanceof RangeError) return openMemory();
    throw error;
  }
}

/** The kernels for a memory that starts small: two numbers in the import section say so. */
function withGrowingMemory(kernels: Uint8Array): Uint8Array<ArrayBuffer> {
  const changed = kernels.slice();
  const at = changed.findIndex((_, i) => FIXED_LIMITS.every((byte, k) => changed[i + k] === byte));
  changed.set(GROWING_LIMITS, at);
  return changed;
}
