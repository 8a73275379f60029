/**
 * Memory of the kernels: pieces of a power of two, released ones kept in a list for each size. Any thread may ask.
 *
 * The first page holds what this needs: the lock, where the free memory begins, the heads of the lists.
 */

/** A double that is 0. */
const ZERO: usize = 16;
const LOCK: usize = 0;
const TOP: usize = 4;
const LISTS: usize = 64;
const FIRST: u32 = 65536;

function lock(): void {
  while (atomic.cmpxchg<u32>(LOCK, 0, 1) != 0) { /* another thread has it for some instructions */ }
}

function unlock(): void {
  atomic.store<u32>(LOCK, 0);
}

/** Where the free memory begins, for `rewind`. */
export function mark(): u32 {
  return max(load<u32>(TOP), FIRST);
}

/** Takes back all that was allocated since the mark. */
export function rewind(to: u32): void {
  store<u32>(TOP, to);
  memory.fill(LISTS, 0, 32 << 2);
  unlock();
}

/** So many bytes and no more, that only `rewind` takes back; traps when the memory is full. */
export function reserve(bytes: u32): usize {
  lock();
  const piece = mark();
  const end = (<u64> piece + bytes + 63) & ~63;
  const pages = <i64> ((end + 65535) >> 16) - <i64> memory.size();
  if (end > 0xffff0000 || (pages > 0 && memory.grow(<i32> pages) < 0)) {
    unlock();
    unreachable();
  }
  store<u32>(TOP, <u32> end);
  unlock();
  return piece;
}

/** At least so many bytes, at a multiple of 16; traps when the memory is full. What is in them is left over. */
export function allocate(bytes: u32): usize {
  const log = logarithm(bytes);
  const list = LISTS + (<usize> log << 2);
  lock();
  const kept: usize = load<u32>(list);
  if (kept != 0) {
    store<u32>(list, load<u32>(kept));
    unlock();
    return kept;
  }
  const piece = mark();
  const end = <u64> piece + (u64(1) << log);
  const pages = <i64> ((end + 65535) >> 16) - <i64> memory.size();
  if (end > 0xffff0000 || (pages > 0 && memory.grow(<i32> pages) < 0)) {
    unlock();
    unreachable();
  }
  store<u32>(TOP, <u32> end);
  unlock();
  return piece;
}

/** Takes back what `allocate` gave for so many bytes. */
export function release(piece: usize, bytes: u32): void {
  const list = LISTS + (<usize> logarithm(bytes) << 2);
  lock();
  store<u32>(piece, load<u32>(list));
  store<u32>(list, <u32> piece);
  unlock();
}

function logarithm(bytes: u32): u32 {
  return bytes <= 16 ? 4 : 32 - clz(bytes - 1);
}

/** Both lanes: a constant for a loop. V8 would make a plain one anew each time round, which takes half the loop's time. */
@inline
export function kept(x: f64): v128 {
  return f64x2.splat(x + load<f64>(ZERO));
}
