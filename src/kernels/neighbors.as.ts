/**
 * For each of m rows the k largest of many numbers, offered in blocks.
 *
 * @param c (m, stride) floats, of which the first n of each row are offered; n is a multiple of 16
 * @param base the place of the first of them
 * @param best (m, k) floats, descending: the largest so far
 * @param places (m, k) where they were
 */
export function neighbors_offer(
  c: usize, stride: u32, m: u32, n: u32, base: u32, best: usize, places: usize, k: u32,
): void {
  const list = <usize> k << 2;
  for (let i: u32 = 0; i < m; i++, c += <usize> stride << 2, best += list, places += list) {
    let least = v128.load32_splat(best + list - 4);
    for (let at: usize = 0; at < <usize> n << 2; at += 64) {
      const from = c + at;
      const a = f32x4.gt(v128.load(from), least), b = f32x4.gt(v128.load(from, 16), least);
      const d = f32x4.gt(v128.load(from, 32), least), e = f32x4.gt(v128.load(from, 48), least);
      if (!v128.any_true(v128.or(v128.or(a, b), v128.or(d, e)))) continue;
      for (let lane: usize = 0; lane < 64; lane += 4) {
        const value = load<f32>(from + lane);
        if (value > load<f32>(best + list - 4)) insert(best, places, list, value, base + <u32> ((at + lane) >> 2));
      }
      least = v128.load32_splat(best + list - 4);
    }
  }
}

function insert(best: usize, places: usize, list: usize, value: f32, place: u32): void {
  let at = list - 4;
  for (; at > 0 && load<f32>(best + at - 4) < value; at -= 4) {
    store<f32>(best + at, load<f32>(best + at - 4));
    store<u32>(places + at, load<u32>(places + at - 4));
  }
  store<f32>(best + at, value);
  store<u32>(places + at, place);
}
