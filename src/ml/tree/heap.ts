/** A binary heap with the largest priority on top; equal priorities leave as in Python's `heapq`. */
export class Heap<T> {
  #items: T[] = [];
  #priority: (item: T) => number;

  constructor(priority: (item: T) => number) {
    this.#priority = priority;
  }

  get size(): number {
    return this.#items.length;
  }

  /** All items, in no order. */
  get items(): readonly T[] {
    return this.#items;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(0, this.#items.length - 1);
  }

  pop(): T | undefined {
    const items = this.#items;
    const last = items.pop();
    if (last === undefined || items.length === 0) return last;
    const top = items[0];
    items[0] = last;
    this.#sink();
    return top;
  }

  #above(a: T, b: T): boolean {
    return this.#priority(a) > this.#priority(b);
  }

  #rise(start: number, position: number): void {
    const items = this.#items;
    const item = items[position];
    while (position > start) {
      const parent = (position - 1) >> 1;
      if (!this.#above(item, items[parent])) break;
      items[position] = items[parent];
      position = parent;
    }
    items[position] = item;
  }

  /** Moves the better child up until a leaf is reached, then lets the item rise from there, as heapq does. */
  #sink(): void {
    const items = this.#items;
    const item = items[0];
    let position = 0;
    let child = 1;
    while (child < items.length) {
      const right = child + 1;
      if (right < items.length && !this.#above(items[child], items[right])) child = right;
      items[position] = items[child];
      position = child;
      child = 2 * position + 1;
    }
    items[position] = item;
    this.#rise(0, position);
  }
}
