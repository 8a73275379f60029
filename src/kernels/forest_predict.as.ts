/**
 * Trees of any depth for many rows. The walks of eight rows through a tree go on side by side, without a branch but for
 * their end, so they wait for memory together. src/ml/tree/trees_state.ts walks row by row, to the same bits.
 */

/** A model and some rows; the layout is that of src/ml/tree/trees_scorer.ts. */
@unmanaged
class Scorer {
  /** (rows, columns) doubles, row-major; `width` bytes a row. */
  values: usize;
  width: u32;
  /** (trees) pointers to the roots. */
  roots: usize;
  /** (leaves, outputs) doubles. */
  leaves: usize;
  outputs: u32;
  /** (rows, outputs) doubles. */
  sums: usize;
}

/** The next node; a leaf stays. */
@inline
function next(node: usize, row: usize): usize {
  const isLeft = load<f64>(row + load<u32>(node, 8)) <= load<f64>(node);
  return usize(load<u32>(node, 12)) + (usize(isLeft) << 4);
}

/**
 * Adds what trees first..last say about rows 0..rows, a multiple of 8, to their sums.
 *
 * A node is 16 bytes: the threshold, where its column is in a row in bytes, and a pointer to the right child, behind
 * which the left one stands. A leaf's threshold is NaN, whose low word numbers the leaf, and its child is itself.
 */
export function forest_score(s: Scorer, first: u32, last: u32, rows: u32): void {
  const width: usize = s.width;
  const leaves = s.leaves;
  const bytes = usize(s.outputs) << 3;
  for (let t = first; t < last; t++) {
    const root: usize = load<u32>(s.roots + (usize(t) << 2));
    let row = s.values;
    let sum = s.sums;
    for (let i: u32 = 0; i < rows; i += 8) {
      const r1 = row + width, r2 = r1 + width, r3 = r2 + width, r4 = r3 + width;
      const r5 = r4 + width, r6 = r5 + width, r7 = r6 + width;
      let a = root, b = root, c = root, d = root, e = root, f = root, g = root, h = root;
      let moved: usize;
      do {
        const na = next(a, row), nb = next(b, r1), nc = next(c, r2), nd = next(d, r3);
        moved = (na ^ a) | (nb ^ b) | (nc ^ c) | (nd ^ d);
        a = na, b = nb, c = nc, d = nd;
        const ne = next(e, r4), nf = next(f, r5), ng = next(g, r6), nh = next(h, r7);
        moved |= (ne ^ e) | (nf ^ f) | (ng ^ g) | (nh ^ h);
        e = ne, f = nf, g = ng, h = nh;
      } while (moved);
      sum = addLeaf(sum, leaves, a, bytes);
      sum = addLeaf(sum, leaves, b, bytes);
      sum = addLeaf(sum, leaves, c, bytes);
      sum = addLeaf(sum, leaves, d, bytes);
      sum = addLeaf(sum, leaves, e, bytes);
      sum = addLeaf(sum, leaves, f, bytes);
      sum = addLeaf(sum, leaves, g, bytes);
      sum = addLeaf(sum, leaves, h, bytes);
      row = r7 + width;
    }
  }
}

/** Returns where the next row's sums are. */
@inline
function addLeaf(sum: usize, leaves: usize, leaf: usize, bytes: usize): usize {
  let from = leaves + usize(load<u32>(leaf)) * bytes;
  const end = sum + bytes;
  for (const last = end - 8; sum < last; sum += 16, from += 16) {
    v128.store(sum, f64x2.add(v128.load(sum), v128.load(from)));
  }
  if (sum < end) store<f64>(sum, load<f64>(sum) + load<f64>(from));
  return end;
}
