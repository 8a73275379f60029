/** Sorting the keys of a node: 16 bits to sort by above 16 bits that go with them. */
import { Tree } from "./forest_state.as";

/** So many keys are sorted by counting for each how many are smaller: no branch to guess, and four at a time. */
const FEW: u32 = 48;

function sortFew(tree: Tree, n: u32): usize {
  const keys = tree.keys;
  const unique = tree.buckets; // upper bits of the keys and their places, as signed numbers
  const spare = tree.spare;
  const end = unique + (<usize> n << 2);
  for (let i: u32 = 0; i < n; i++) {
    const at: usize = <usize> i << 2;
    store<u32>(unique + at, (load<u32>(keys + at) & 0xffff0000 | i) ^ 0x80000000);
  }
  v128.store(end, i32x4.splat(i32.MAX_VALUE));
  for (let i: usize = 0; i < <usize> n << 2; i += 4) {
    const own = v128.load32_splat(unique + i);
    let smaller = i32x4.splat(0);
    for (let at = unique; at < end; at += 16) {
      smaller = i32x4.sub(smaller, i32x4.lt_s(v128.load(at), own));
    }
    smaller = i32x4.add(smaller, i64x2.shr_u(smaller, 32));
    const place: usize = i32x4.extract_lane(smaller, 0) + i32x4.extract_lane(smaller, 2);
    store<u32>(spare + (place << 2), load<u32>(keys + i));
  }
  return spare;
}

/** Sorts keys by their upper 16 bits, which are at most `largest`, keeping the order of equals; where the result is. */
export function sortKeys(tree: Tree, n: u32, largest: u32): usize {
  if (n <= FEW) return sortFew(tree, n);
  const keys = tree.keys;
  const end = keys + (<usize> n << 2);
  const bits = 32 - clz(largest);
  const spare = tree.spare;
  const first = tree.buckets;
  if (bits <= 8) {
    memory.fill(first, 0, 1024);
    for (let i = keys; i < end; i += 4) {
      const at = first + (<usize> (load<u32>(i) >> 16) << 2);
      store<u32>(at, load<u32>(at) + 1);
    }
    sumUp(first, 1 << bits);
    scatter(keys, end, spare, first, 16, 255);
    return spare;
  }
  const lower = bits >> 1;
  const upper = bits - lower;
  const mask: u32 = (1 << lower) - 1;
  const second = first + (4 << lower);
  memory.fill(first, 0, (4 << lower) + (4 << upper));
  for (let i = keys; i < end; i += 4) {
    const code = load<u32>(i) >> 16;
    const at = first + (<usize> (code & mask) << 2);
    store<u32>(at, load<u32>(at) + 1);
    const next = second + (<usize> (code >> lower) << 2);
    store<u32>(next, load<u32>(next) + 1);
  }
  sumUp(first, 1 << lower);
  sumUp(second, 1 << upper);
  scatter(keys, end, spare, first, 16, mask);
  scatter(spare, spare + (<usize> n << 2), keys, second, 16 + lower, 255);
  return keys;
}

@inline
function sumUp(table: usize, size: u32): void {
  let sum: u32 = 0;
  for (let at = table; at < table + (<usize> size << 2); at += 4) {
    const count = load<u32>(at);
    store<u32>(at, sum);
    sum += count;
  }
}

@inline
function scatter(from: usize, end: usize, to: usize, table: usize, shift: u32, mask: u32): void {
  for (; from < end; from += 4) {
    const key = load<u32>(from);
    const at = table + (<usize> ((key >> shift) & mask) << 2);
    const place = load<u32>(at);
    store<u32>(at, place + 1);
    store<u32>(to + (<usize> place << 2), key);
  }
}
