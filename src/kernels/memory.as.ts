/**
 * Memory of the kernels: pieces of a power of two, released ones kept in a list for each size. For one thread (the one
 * that owns the memory); the others only use what they are given.
 */

/** Heads of the lists, by the logarithm of the size; the first page of the memory is for such things. */
const LISTS: usize = 64;
const FIRST: usize = 65536;

let top: usize = FIRST;

/** Where the free memory begins, for `rewind`. */
export function mark(): usize {
  return top;
}

/** Takes back all that was allocated since the mark. */
export function rewind(to: usize): void {
  top = to;
  memory.fill(LISTS, 0, 32 << 2);
}

/** At least so many bytes, at a multiple of 16; traps when the memory is full. What is in them is left over. */
export function allocate(bytes: u32): usize {
  const log = logarithm(bytes);
  const list = LISTS + (<usize> log << 2);
  const kept: usize = load<u32>(list);
  if (kept != 0) {
    store<u32>(list, load<u32>(kept));
    return kept;
  }
  const piece = top;
  const end = <u64> piece + (u64(1) << log);
  const pages = <i64> ((end + 65535) >> 16) - <i64> memory.size();
  if (end > 0xffff0000 || (pages > 0 && memory.grow(<i32> pages) < 0)) unreachable();
  top = <usize> end;
  return piece;
}

/** Takes back what `allocate` gave for so many bytes. */
export function release(piece: usize, bytes: u32): void {
  const list = LISTS + (<usize> logarithm(bytes) << 2);
  store<u32>(piece, load<u32>(list));
  store<u32>(list, <u32> piece);
}

function logarithm(bytes: u32): u32 {
  return bytes <= 16 ? 4 : 32 - clz(bytes - 1);
}
