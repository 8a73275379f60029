/** One tree while it is grown: flat arrays that grow by doubling and are used again for the next tree. */
const PER_NODE = ["feature", "threshold", "left", "right", "impurity", "weight"] as const;

export class GrownTree {
  readonly outputs: number;
  count = 0;
  /** -1 for a leaf. */
  feature: Int32Array = new Int32Array(64);
  threshold: Float64Array = new Float64Array(64);
  left: Int32Array = new Int32Array(64);
  right: Int32Array = new Int32Array(64);
  impurity: Float64Array = new Float64Array(64);
  /** Sum of the weights of the node's rows. */
  weight: Float64Array = new Float64Array(64);
  /** (nodes * outputs) */
  value: Float64Array;

  constructor(outputs: number) {
    this.outputs = outputs;
    this.value = new Float64Array(64 * outputs);
  }

  clear(): void {
    this.count = 0;
  }

  /** Becomes a copy of a tree that was grown elsewhere. */
  assign(nodes: Pick<GrownTree, "count" | (typeof PER_NODE)[number] | "value">): void {
    while (this.feature.length < nodes.count) this.#double();
    this.count = nodes.count;
    for (const field of PER_NODE) this[field].set(nodes[field]);
    this.value.set(nodes.value);
  }

  /** Adds a leaf and returns its number. */
  add(impurity: number, weight: number): number {
    if (this.count === this.feature.length) this.#double();
    const node = this.count++;
    this.feature[node] = -1;
    this.left[node] = -1;
    this.right[node] = -1;
    this.threshold[node] = 0;
    this.impurity[node] = impurity;
    this.weight[node] = weight;
    return node;
  }

  #double(): void {
    const size = 2 * this.feature.length;
    this.feature = resized(this.feature, new Int32Array(size));
    this.left = resized(this.left, new Int32Array(size));
    this.right = resized(this.right, new Int32Array(size));
    this.threshold = resized(this.threshold, new Float64Array(size));
    this.impurity = resized(this.impurity, new Float64Array(size));
    this.weight = resized(this.weight, new Float64Array(size));
    this.value = resized(this.value, new Float64Array(size * this.outputs));
  }
}

function resized<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
