/**
 * The inner loops of support vector machines. Columns of points are floats, `stride` apart; the number of points is
 * a multiple of 4.
 *
 * Source: Fan, Chen and Lin, "Working Set Selection Using Second Order Information for Training Support Vector
 * Machines" (2005).
 */
import { expFloats } from "./exp_log.as";
import { tanhs } from "./network.as";

const LINEAR: u32 = 0;
const POLY: u32 = 1;
const RBF: u32 = 2;

/**
 * out (count) = the kernel of one point with all points.
 * @param x points, column by column
 * @param norms (count) their squared lengths, only for rbf
 * @param point (terms) the numbers of the point that are not 0, with its squared length `norm`
 * @param places (terms) where their columns begin, in bytes from x
 */
export function svm_row(
  kind: u32, x: usize, count: u32, norms: usize, point: usize, places: usize, terms: u32, norm: f32, out: usize,
  gamma: f32, coef0: f32, degree: u32,
): void {
  const bytes = <usize> count << 2;
  let at: usize = 0;
  for (; at + 64 <= bytes; at += 64) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let j: usize = 0; j < <usize> terms << 2; j += 4) {
      const p = v128.load32_splat(point + j);
      const from = x + at + load<u32>(places + j);
      s0 = f32x4.add(s0, f32x4.mul(p, v128.load(from)));
      s1 = f32x4.add(s1, f32x4.mul(p, v128.load(from, 16)));
      s2 = f32x4.add(s2, f32x4.mul(p, v128.load(from, 32)));
      s3 = f32x4.add(s3, f32x4.mul(p, v128.load(from, 48)));
    }
    v128.store(out + at, s0);
    v128.store(out + at, s1, 16);
    v128.store(out + at, s2, 32);
    v128.store(out + at, s3, 48);
  }
  for (; at < bytes; at += 16) {
    let sum = f32x4.splat(0);
    for (let j: usize = 0; j < <usize> terms << 2; j += 4) {
      const from = x + at + load<u32>(places + j);
      sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(point + j), v128.load(from)));
    }
    v128.store(out + at, sum);
  }
  if (kind == LINEAR) return;
  const g = f32x4.splat(gamma);
  if (kind == RBF) {
    const own = f32x4.splat(norm), minus = f32x4.neg(g), two = f32x4.splat(2), zero = f32x4.splat(0);
    for (at = 0; at < bytes; at += 16) {
      const both = f32x4.add(own, v128.load(norms + at));
      const far = f32x4.max(zero, f32x4.sub(both, f32x4.mul(two, v128.load(out + at))));
      v128.store(out + at, expFloats(f32x4.mul(minus, far)));
    }
    return;
  }
  const c = f32x4.splat(coef0);
  for (at = 0; at < bytes; at += 16) {
    const value = f32x4.add(f32x4.mul(g, v128.load(out + at)), c);
    if (kind == POLY) {
      let power = f32x4.splat(1);
      for (let d: u32 = 0; d < degree; d++) power = f32x4.mul(power, value);
      v128.store(out + at, f32x4.pmax(f32x4.splat(-f32.MAX_VALUE), f32x4.pmin(f32x4.splat(f32.MAX_VALUE), power)));
    } else v128.store(out + at, tanhs(value));
  }
}

/** The sum of row (floats) times coef (doubles); count is a multiple of 4. */
export function svm_dot(row: usize, coef: usize, count: u32): f64 {
  let s0 = f64x2.splat(0), s1 = s0;
  for (const end = row + (<usize> count << 2); row < end; row += 16, coef += 32) {
    s0 = f64x2.add(s0, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(row)), v128.load(coef)));
    s1 = f64x2.add(s1, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(row, 8)), v128.load(coef, 16)));
  }
  const sum = f64x2.add(s0, s1);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** What is left of the targets, and by how much it counts where a coefficient may still grow or fall. */
@unmanaged
class Board {
  /** (count) doubles: target minus the sum so far. */
  rest: usize;
  /** (count) doubles: added to `rest` where the coefficient may grow, -Infinity where not. */
  up: usize;
  /** (count) doubles: the same where it may fall, +Infinity where not. */
  low: usize;
  /** (count) floats: the kernel of each point with itself. */
  own: usize;
  /** Of the last pass: the place of the largest rest + up. */
  place: u32;
  /** The largest rest + up, and the smallest rest + low. */
  most: f64;
  least: f64;
}

@inline
function doubles(row: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(row));
}

/**
 * rest -= step * (rowI - rowJ) for the points from..to (multiples of 4), then looks for the extremes among them, too:
 * two pairs side by side, so that a comparison need not wait for the one before.
 */
export function svm_update(board: usize, from: u32, to: u32, rowI: usize, rowJ: usize, step: f64): void {
  const b = changetype<Board>(board);
  const rest = b.rest, up = b.up, low = b.low;
  const by = f64x2.splat(step);
  let most = f64x2.splat(b.most), least = f64x2.splat(b.least), place = f64x2.splat(<f64> b.place);
  let most2 = f64x2.splat(-Infinity), least2 = f64x2.splat(Infinity), place2 = place;
  let now = f64x2(<f64> from, <f64> (from + 1));
  const two = f64x2.splat(2), four = f64x2.splat(4);
  for (let i: usize = from; i < <usize> to; i += 4) {
    const d = i << 3, r = rest + d, f = i << 2;
    const x = f64x2.sub(v128.load(r), f64x2.mul(by, f64x2.sub(doubles(rowI + f), doubles(rowJ + f))));
    const y = f64x2.sub(
      v128.load(r, 16), f64x2.mul(by, f64x2.sub(doubles(rowI + f + 8), doubles(rowJ + f + 8))),
    );
    v128.store(r, x);
    v128.store(r, y, 16);
    const grownX = f64x2.add(x, v128.load(up + d)), grownY = f64x2.add(y, v128.load(up + d, 16));
    const largerX = f64x2.gt(grownX, most), largerY = f64x2.gt(grownY, most2);
    most = v128.bitselect(grownX, most, largerX);
    most2 = v128.bitselect(grownY, most2, largerY);
    place = v128.bitselect(now, place, largerX);
    place2 = v128.bitselect(f64x2.add(now, two), place2, largerY);
    least = f64x2.pmin(least, f64x2.add(x, v128.load(low + d)));
    least2 = f64x2.pmin(least2, f64x2.add(y, v128.load(low + d, 16)));
    now = f64x2.add(now, four);
  }
  // Of equals the first.
  const later = v128.or(
    f64x2.gt(most2, most), v128.and(f64x2.eq(most2, most), f64x2.lt(place2, place)),
  );
  most = v128.bitselect(most2, most, later);
  place = v128.bitselect(place2, place, later);
  least = f64x2.pmin(least, least2);
  const m0 = f64x2.extract_lane(most, 0), m1 = f64x2.extract_lane(most, 1);
  const p0 = f64x2.extract_lane(place, 0), p1 = f64x2.extract_lane(place, 1);
  const second = m1 > m0 || (m1 == m0 && p1 < p0);
  b.most = second ? m1 : m0;
  b.place = <u32> (second ? p1 : p0);
  b.least = min(f64x2.extract_lane(least, 0), f64x2.extract_lane(least, 1));
}

/**
 * Among from..to (multiples of 4) the place whose fall, with the growth of the point `place`, gains most.
 *
 * Gains are fractions, compared by products: a division takes longer.
 * @param best the place and the gain so far, as numerator and denominator: three doubles, overwritten
 */
export function svm_partner(board: usize, from: u32, to: u32, row: usize, own: f64, best: usize): void {
  const b = changetype<Board>(board);
  const rest = b.rest, low = b.low, selves = b.own;
  const most = f64x2.splat(b.most), self = f64x2.splat(own);
  const tiny = f64x2.splat(1e-12), zero = f64x2.splat(0);
  let place = v128.load64_splat(best), top = v128.load64_splat(best, 8), bottom = v128.load64_splat(best, 16);
  let place2 = place, top2 = zero, bottom2 = f64x2.splat(1);
  let now = f64x2(<f64> from, <f64> (from + 1));
  const two = f64x2.splat(2), four = f64x2.splat(4);
  for (let i: usize = from; i < <usize> to; i += 4) {
    const d = i << 3, f = i << 2;
    const gapX = f64x2.pmax(zero, f64x2.sub(most, f64x2.add(v128.load(rest + d), v128.load(low + d))));
    const gapY = f64x2.pmax(zero, f64x2.sub(most, f64x2.add(v128.load(rest + d, 16), v128.load(low + d, 16))));
    const kX = doubles(row + f), kY = doubles(row + f + 8);
    const curveX = f64x2.pmax(tiny, f64x2.sub(f64x2.add(self, doubles(selves + f)), f64x2.add(kX, kX)));
    const curveY = f64x2.pmax(tiny, f64x2.sub(f64x2.add(self, doubles(selves + f + 8)), f64x2.add(kY, kY)));
    const squareX = f64x2.mul(gapX, gapX), squareY = f64x2.mul(gapY, gapY);
    const betterX = f64x2.gt(f64x2.mul(squareX, bottom), f64x2.mul(top, curveX));
    const betterY = f64x2.gt(f64x2.mul(squareY, bottom2), f64x2.mul(top2, curveY));
    top = v128.bitselect(squareX, top, betterX);
    top2 = v128.bitselect(squareY, top2, betterY);
    bottom = v128.bitselect(curveX, bottom, betterX);
    bottom2 = v128.bitselect(curveY, bottom2, betterY);
    place = v128.bitselect(now, place, betterX);
    place2 = v128.bitselect(f64x2.add(now, two), place2, betterY);
    now = f64x2.add(now, four);
  }
  const first = f64x2.mul(top, bottom2), second = f64x2.mul(top2, bottom);
  const later = v128.or(f64x2.gt(second, first), v128.and(f64x2.eq(second, first), f64x2.lt(place2, place)));
  top = v128.bitselect(top2, top, later);
  bottom = v128.bitselect(bottom2, bottom, later);
  place = v128.bitselect(place2, place, later);
  const t0 = f64x2.extract_lane(top, 0), t1 = f64x2.extract_lane(top, 1);
  const b0 = f64x2.extract_lane(bottom, 0), b1 = f64x2.extract_lane(bottom, 1);
  const p0 = f64x2.extract_lane(place, 0), p1 = f64x2.extract_lane(place, 1);
  const other = t1 * b0 > t0 * b1 || (t1 * b0 == t0 * b1 && p1 < p0);
  store<f64>(best, other ? p1 : p0);
  store<f64>(best, other ? t1 : t0, 8);
  store<f64>(best, other ? b1 : b0, 16);
}
