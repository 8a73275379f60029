/**
 * Products of float matrices. Rows are `stride` floats apart and padded to a multiple of 4 floats.
 *
 * Every element of a product is the sum over k in ascending order, one multiplication and one addition each, so that
 * its bits depend neither on the blocks nor on how many rows are multiplied at once.
 *
 * Source: the blocking of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
 */

/** Rows of B that are packed at once: 8 of their columns take 8 KiB. */
const DEPTH: u32 = 256;
/** Rows of A that are packed at once: 64 KiB. */
const HEIGHT: u32 = 64;

/** How many bytes `matrix_multiply` needs as scratch. */
export function matrix_scratch(): u32 {
  return (8 + HEIGHT) * DEPTH * 4;
}

/**
 * C += A B for A (m, k), B (k, n), C (m, n).
 * Element (i, l) of A lies at a + (i * ai + l * ak) * 4: so A may be the transpose of what is stored.
 * @param n a multiple of 4
 * @param scratch matrix_scratch() bytes
 */
export function matrix_multiply(
  c: usize, cStride: u32, a: usize, ai: u32, ak: u32, b: usize, bStride: u32, m: u32, n: u32, k: u32, scratch: usize,
): void {
  const iStep = <usize> ai << 2;
  const kStep = <usize> ak << 2;
  const cStep = <usize> cStride << 2;
  const bStep = <usize> bStride << 2;
  const packed = scratch + (DEPTH << 5);
  for (let l: u32 = 0; l < k; l += DEPTH) {
    const depth = min(DEPTH, k - l);
    for (let top: u32 = 0; top < m; top += HEIGHT) {
      const height = min(HEIGHT, m - top);
      const rows = height & ~3;
      const part = a + top * iStep + l * kStep;
      const isFlat = ai == 1;
      if (!isFlat && n >= 8) pack4(part, iStep, kStep, rows, depth, packed);
      for (let j: u32 = 0; j < n; j += 8) {
        const from = b + l * bStep + (<usize> j << 2);
        let to = c + top * cStep + (<usize> j << 2);
        let row = part;
        if (n - j >= 8) {
          pack8(from, bStep, depth, scratch);
          let panel = isFlat ? part : packed;
          const panelStep = isFlat ? kStep : 16;
          const next: usize = isFlat ? 16 : <usize> depth << 4;
          for (let i: u32 = 0; i < rows; i += 4, to += cStep << 2, panel += next) {
            tile4x8(to, cStep, panel, panelStep, scratch, depth);
          }
          row += rows * iStep;
          for (let i = rows; i < height; i++, to += cStep, row += iStep) tile1x8(to, row, kStep, scratch, depth);
        } else {
          for (let i: u32 = 0; i < rows; i += 4, to += cStep << 2, row += iStep << 2) {
            tile4x4(to, cStep, row, iStep, kStep, from, bStep, depth);
          }
          for (let i = rows; i < height; i++, to += cStep, row += iStep) {
            tile1x4(to, row, kStep, from, bStep, depth);
          }
        }
      }
    }
  }
}

function pack8(from: usize, stride: usize, depth: u32, to: usize): void {
  for (let l: u32 = 0; l < depth; l++) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    from += stride;
    to += 32;
  }
}

/** Four rows side by side, and then the next four. */
function pack4(from: usize, iStep: usize, kStep: usize, rows: u32, depth: u32, to: usize): void {
  for (let i: u32 = 0; i < rows; i += 4, from += iStep << 2) {
    let a0 = from, a1 = a0 + iStep, a2 = a1 + iStep, a3 = a2 + iStep;
    for (let l: u32 = 0; l < depth; l++, to += 16) {
      store<f32>(to, load<f32>(a0));
      store<f32>(to, load<f32>(a1), 4);
      store<f32>(to, load<f32>(a2), 8);
      store<f32>(to, load<f32>(a3), 12);
      a0 += kStep;
      a1 += kStep;
      a2 += kStep;
      a3 += kStep;
    }
  }
}

@inline
function madd(sum: v128, x: v128, y: v128): v128 {
  return f32x4.add(sum, f32x4.mul(x, y));
}

/** A holds four rows side by side, the next four numbers `aStep` bytes behind. */
function tile4x8(c: usize, cStep: usize, a: usize, aStep: usize, b: usize, depth: u32): void {
  const c1 = c + cStep, c2 = c1 + cStep, c3 = c2 + cStep;
  let s00 = v128.load(c), s01 = v128.load(c, 16);
  let s10 = v128.load(c1), s11 = v128.load(c1, 16);
  let s20 = v128.load(c2), s21 = v128.load(c2, 16);
  let s30 = v128.load(c3), s31 = v128.load(c3, 16);
  for (const end = b + (<usize> depth << 5); b < end; b += 32, a += aStep) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const x = v128.load(a);
    const x0 = i32x4.shuffle(x, x, 0, 0, 0, 0);
    s00 = madd(s00, x0, b0);
    s01 = madd(s01, x0, b1);
    const x1 = i32x4.shuffle(x, x, 1, 1, 1, 1);
    s10 = madd(s10, x1, b0);
    s11 = madd(s11, x1, b1);
    const x2 = i32x4.shuffle(x, x, 2, 2, 2, 2);
    s20 = madd(s20, x2, b0);
    s21 = madd(s21, x2, b1);
    const x3 = i32x4.shuffle(x, x, 3, 3, 3, 3);
    s30 = madd(s30, x3, b0);
    s31 = madd(s31, x3, b1);
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}

function tile1x8(c: usize, a: usize, kStep: usize, b: usize, depth: u32): void {
  let s0 = v128.load(c), s1 = v128.load(c, 16);
  for (const end = b + (<usize> depth << 5); b < end; b += 32) {
    const x = v128.load32_splat(a);
    s0 = madd(s0, x, v128.load(b));
    s1 = madd(s1, x, v128.load(b, 16));
    a += kStep;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}

function tile4x4(
  c: usize, cStep: usize, a: usize, iStep: usize, kStep: usize, b: usize, bStep: usize, depth: u32,
): void {
  const c1 = c + cStep, c2 = c1 + cStep, c3 = c2 + cStep;
  let s0 = v128.load(c), s1 = v128.load(c1), s2 = v128.load(c2), s3 = v128.load(c3);
  let a1 = a + iStep, a2 = a1 + iStep, a3 = a2 + iStep;
  for (let l: u32 = 0; l < depth; l++) {
    const y = v128.load(b);
    s0 = madd(s0, v128.load32_splat(a), y);
    s1 = madd(s1, v128.load32_splat(a1), y);
    s2 = madd(s2, v128.load32_splat(a2), y);
    s3 = madd(s3, v128.load32_splat(a3), y);
    a += kStep;
    a1 += kStep;
    a2 += kStep;
    a3 += kStep;
    b += bStep;
  }
  v128.store(c, s0);
  v128.store(c1, s1);
  v128.store(c2, s2);
  v128.store(c3, s3);
}

function tile1x4(c: usize, a: usize, kStep: usize, b: usize, bStep: usize, depth: u32): void {
  let sum = v128.load(c);
  for (let l: u32 = 0; l < depth; l++) {
    sum = madd(sum, v128.load32_splat(a), v128.load(b));
    a += kStep;
    b += bStep;
  }
  v128.store(c, sum);
}

/** Numbers of a row that are not 0, taken at once: with where their rows of B begin they fit the scratch. */
const TERMS: u32 = 4096;

/**
 * C += A B for A (m, k) of mostly zeros, B (k, n), C (m, n): only the rows of B that count are read. What is left out
 * adds 0, so every element has the bits of `matrix_multiply`.
 * @param aStride a multiple of 4; what stands behind the k-th number is not used
 * @param n a multiple of 4
 * @param scratch matrix_scratch() bytes
 */
export function matrix_multiply_sparse(
  c: usize, cStride: u32, a: usize, aStride: u32, b: usize, bStride: u32, m: u32, n: u32, k: u32, scratch: usize,
): void {
  const step = <usize> bStride << 2;
  for (let i: u32 = 0; i < m; i++, a += <usize> aStride << 2, c += <usize> cStride << 2) {
    let l: u32 = 0;
    while (l < k) {
      let to = scratch;
      for (const full = scratch + (<usize> (TERMS - 4) << 3); l < k && to <= full; l += 4) {
        const four = a + (<usize> l << 2);
        if (!v128.any_true(f32x4.ne(v128.load(four), f32x4.splat(0)))) continue;
        const last = min(k, l + 4);
        for (let at = l; at < last; at++) {
          const x = load<f32>(a + (<usize> at << 2));
          if (x == 0) continue;
          store<f32>(to, x);
          store<u32>(to, <u32> (b + at * step), 4);
          to += 8;
        }
      }
      addRows(c, n, scratch, to);
    }
  }
}

/** c (n floats) += the sum of x * row for the pairs of x and pointer to a row that stand from..to. */
function addRows(c: usize, n: u32, from: usize, to: usize): void {
  const bytes = <usize> n << 2;
  let j: usize = 0;
  for (; j + 64 <= bytes; j += 64) {
    let s0 = v128.load(c + j), s1 = v128.load(c + j, 16), s2 = v128.load(c + j, 32), s3 = v128.load(c + j, 48);
    for (let pair = from; pair < to; pair += 8) {
      const x = v128.load32_splat(pair);
      const row = <usize> load<u32>(pair, 4) + j;
      s0 = madd(s0, x, v128.load(row));
      s1 = madd(s1, x, v128.load(row, 16));
      s2 = madd(s2, x, v128.load(row, 32));
      s3 = madd(s3, x, v128.load(row, 48));
    }
    v128.store(c + j, s0);
    v128.store(c + j, s1, 16);
    v128.store(c + j, s2, 32);
    v128.store(c + j, s3, 48);
  }
  for (; j < bytes; j += 16) {
    let s0 = v128.load(c + j);
    for (let pair = from; pair < to; pair += 8) {
      s0 = madd(s0, v128.load32_splat(pair), v128.load(<usize> load<u32>(pair, 4) + j));
    }
    v128.store(c + j, s0);
  }
}

/** to += x * from, for n floats */
function addTimes(to: usize, x: v128, from: usize, n: u32): void {
  const end = to + (<usize> n << 2);
  for (const last = end - 48; to < last; to += 64, from += 64) {
    v128.store(to, madd(v128.load(to), x, v128.load(from)));
    v128.store(to, madd(v128.load(to, 16), x, v128.load(from, 16)), 16);
    v128.store(to, madd(v128.load(to, 32), x, v128.load(from, 32)), 32);
    v128.store(to, madd(v128.load(to, 48), x, v128.load(from, 48)), 48);
  }
  for (; to < end; to += 16, from += 16) v128.store(to, madd(v128.load(to), x, v128.load(from)));
}

/** C += Aᵀ B for the same A (m, k), B (m, n), C (k, n). */
export function matrix_multiply_sparse_transposed(
  c: usize, cStride: u32, a: usize, aStride: u32, b: usize, bStride: u32, m: u32, n: u32, k: u32,
): void {
  const step = <usize> cStride << 2;
  for (let i: u32 = 0; i < m; i++, a += <usize> aStride << 2, b += <usize> bStride << 2) {
    for (let l: u32 = 0; l < k; l += 4) {
      const four = a + (<usize> l << 2);
      if (!v128.any_true(f32x4.ne(v128.load(four), f32x4.splat(0)))) continue;
      const last = min(k, l + 4);
      for (let at = l; at < last; at++) {
        const x = load<f32>(a + (<usize> at << 2));
        if (x != 0) addTimes(c + at * step, f32x4.splat(x), b, n);
      }
    }
  }
}

/** How many of the floats are 0; count is a multiple of 4. */
export function matrix_zeros(values: usize, count: u32): u32 {
  let zeros = i32x4.splat(0);
  for (const end = values + (<usize> count << 2); values < end; values += 16) {
    zeros = i32x4.sub(zeros, f32x4.eq(v128.load(values), f32x4.splat(0)));
  }
  return i32x4.extract_lane(zeros, 0) + i32x4.extract_lane(zeros, 1) + i32x4.extract_lane(zeros, 2) +
    i32x4.extract_lane(zeros, 3);
}

/** Every row of C (m, n) becomes `row` (n floats); n is a multiple of 4. */
export function matrix_fill(c: usize, row: usize, m: u32, n: u32): void {
  const bytes = <usize> n << 2;
  for (let i: u32 = 0; i < m; i++, c += bytes) memory.copy(c, row, bytes);
}

/** C (m, n) becomes the rows of A with the given numbers; n is a multiple of 4. */
export function matrix_gather(c: usize, a: usize, rows: usize, m: u32, n: u32): void {
  const bytes = <usize> n << 2;
  for (let i: u32 = 0; i < m; i++, c += bytes, rows += 4) {
    const from = a + load<u32>(rows) * bytes;
    for (let at: usize = 0; at < bytes; at += 16) v128.store(c + at, v128.load(from + at));
  }
}

/** T (n, m) = Aᵀ for A (m, n), with the strides of both in floats. */
export function matrix_transpose(t: usize, tStride: u32, a: usize, aStride: u32, m: u32, n: u32): void {
  for (let i: u32 = 0; i < m; i++) {
    let to = t + (<usize> i << 2);
    let from = a + (<usize> i * aStride << 2);
    for (let j: u32 = 0; j < n; j++, from += 4, to += <usize> tStride << 2) store<f32>(to, load<f32>(from));
  }
}

/** `sums` (n floats) becomes the sums of the columns of A (m, n); n is a multiple of 4. */
export function matrix_column_sums(sums: usize, a: usize, m: u32, n: u32): void {
  for (let j: usize = 0; j < <usize> n << 2; j += 16) {
    let sum = f32x4.splat(0);
    let from = a + j;
    for (let i: u32 = 0; i < m; i++, from += <usize> n << 2) sum = f32x4.add(sum, v128.load(from));
    v128.store(sums + j, sum);
  }
}
