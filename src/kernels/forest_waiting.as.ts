/** Nodes that wait for their turn: a stack of them, and for best first a heap of their places in it. */
import { Tree } from "./forest_state.as";

/** A node whose rows are known and whose turn has not come. */
@unmanaged
export class Waiting {
  weight: f64;
  sum: f64;
  /** Best first: what its split puts on the left, and how good it is. */
  left: f64;
  ones: f64;
  improvement: f64;
  start: u32;
  /** Where the right side starts. */
  middle: u32;
  end: u32;
  depth: u32;
  /** Depth first, its parent; best first, its own number. */
  node: i32;
  constants: u32;
  /** Where its rows are. */
  place: u32;
  padding: u32;
}

/** Bytes of one. */
export const WAITING: usize = 72;

export let heapSize: u32 = 0;

export function clearHeap(): void {
  heapSize = 0;
}

/** The i-th of the heap. As src/ml/tree/heap.ts, which does what Python's `heapq` does. */
@inline
export function itemAt(tree: Tree, i: u32): Waiting {
  return changetype<Waiting>(tree.stack + <usize> load<u32>(tree.heap + (<usize> i << 2)) * WAITING);
}

@inline
function setPlace(tree: Tree, i: u32, place: u32): void {
  store<u32>(tree.heap + (<usize> i << 2), place);
}

export function pushBest(tree: Tree, place: u32): void {
  setPlace(tree, heapSize, place);
  rise(tree, heapSize++);
}

function rise(tree: Tree, from: u32): void {
  let position = from;
  const place = load<u32>(tree.heap + (<usize> position << 2));
  const priority = itemAt(tree, position).improvement;
  while (position > 0) {
    const parent = (position - 1) >> 1;
    if (!(priority > itemAt(tree, parent).improvement)) break;
    setPlace(tree, position, load<u32>(tree.heap + (<usize> parent << 2)));
    position = parent;
  }
  setPlace(tree, position, place);
}

export function popBest(tree: Tree): Waiting {
  const top = itemAt(tree, 0);
  const place = load<u32>(tree.heap + (<usize> --heapSize << 2));
  if (heapSize == 0) return top;
  // The better child moves up until there is none, then the last one rises from there.
  let position: u32 = 0;
  for (let child: u32 = 1; child < heapSize; child = 2 * position + 1) {
    const right = child + 1;
    if (right < heapSize && !(itemAt(tree, child).improvement > itemAt(tree, right).improvement)) child = right;
    setPlace(tree, position, load<u32>(tree.heap + (<usize> child << 2)));
    position = child;
  }
  setPlace(tree, position, place);
  rise(tree, position);
  return top;
}
