/**
 * Splitting nodes by the kernels. A large node is the work of all threads together; a small one is that of one thread,
 * so that several nodes can be split at once.
 */
import type { Threads } from "@/kernels/threads.ts";
import type { Children, Expanded, Expansion, FoundSplit, SplitRequest } from "./boosting_engine.ts";
import type { KernelBins } from "./boosting_kernel_bins.ts";
import { type BoostingMemory, CHILDREN, EXPANSION, FOUND, REQUEST, Struct } from "./boosting_memory.ts";
import type { Share } from "./boosting_share.ts";

/** What one thread does in less time than it takes to tell another. */
const UPDATES_A_TASK = 40_000;
const ROWS_A_TASK = 8192;
const SLOTS_A_TASK = 4;
/** Cells of a node from which all threads work on it. */
const CELLS_OF_ALL = 400_000;

/** Room for what a split of one node needs; both children's results are 128 bytes each. */
interface Job {
  expansion: Struct<typeof EXPANSION>;
  children: Struct<typeof CHILDREN>;
  requests: Struct<typeof REQUEST>[];
  allowed: Uint8Array[];
  left: Uint8Array;
  scratch: number;
  out: number;
  /** Of the smaller child and of the larger. */
  found: Struct<typeof FOUND>[];
  isBusy: boolean;
}

const SMALL = 0;
const LARGE = 1;

export class Expander {
  readonly #memory: BoostingMemory;
  readonly #threads: Threads;
  readonly #share: Share;
  readonly #bins: KernelBins;
  readonly #rows: number;
  readonly #order: Int32Array;
  readonly #spare: Int32Array;
  readonly #histogramBytes: number;
  readonly #free: number[] = [];
  /** The first for nodes that all threads split; the others for one thread each. */
  readonly #jobs: Job[];
  /** Of each thread: where it leaves its part, and histograms that are added up later. */
  readonly #parts: Job[];
  readonly #partials: number[];
  readonly #partialList: number;
  readonly #rowsOfAll: number;

  /** @param order, spare the rows of the tree, and as much to move them */
  constructor(
    memory: BoostingMemory,
    share: Share,
    bins: KernelBins,
    rows: number,
    histogramBytes: number,
    order: Int32Array,
    spare: Int32Array,
  ) {
    this.#memory = memory;
    this.#threads = memory.threads;
    this.#share = share;
    this.#bins = bins;
    this.#rows = rows;
    this.#order = order;
    this.#spare = spare;
    this.#histogramBytes = histogramBytes;
    const { size } = this.#threads;
    this.#jobs = Array.from({ length: size + 2 }, () => this.#newJob());
    this.#parts = Array.from({ length: size }, () => this.#newJob());
    this.#partials = Array.from({ length: size - 1 }, () => memory.take(histogramBytes));
    this.#partialList = memory.take(4 * size);
    memory.words(this.#partialList, size).set(this.#partials);
    this.#rowsOfAll = share.isCutFine ? 200 : Math.ceil(CELLS_OF_ALL / Math.max(1, bins.slots.length));
  }

  /** Nodes that other threads may split while this one splits so small a node. */
  idle(rows: number): number {
    if (this.#threads.size === 1 || !this.#isForOne(rows)) return 0;
    // One stays free for the node whose turn it is.
    return Math.max(0, this.#jobs.filter(({ isBusy }, i) => i > 0 && !isBusy).length - 1);
  }

  root(request: SplitRequest): { histogram: number; found: FoundSplit | undefined } {
    const histogram = this.#newHistogram();
    const job = this.#jobs[0];
    const partials = this.#sum(histogram, 0, request.sums.rows);
    this.#bins.grid.set({ isIdentity: 0 });
    job.children.set({
      parent: 0,
      small: histogram,
      partials,
      partial: this.#partialList,
      isSubtracted: 0,
    });
    this.#ask(job, request, undefined, histogram, 0);
    const parts = this.#split(job);
    return { histogram, found: this.#best(this.#parts.slice(0, parts), SMALL) };
  }

  expand(node: Expansion): Expanded {
    return this.#isForOne(node.to - node.from) ? this.#expandOnOne(node) : this.#expandOnAll(node);
  }

  release(histogram: number): void {
    this.#free.push(histogram);
  }

  #isForOne(rows: number): boolean {
    return this.#threads.size === 1 || rows < this.#rowsOfAll;
  }

  /** By this thread, or by another if that is sooner at it. */
  #expandOnOne(node: Expansion): Expanded {
    const job = this.#jobs.find((one, i) => i > 0 && !one.isBusy)!;
    job.isBusy = true;
    const histograms = this.#prepare(node, job, 0);
    job.left.set(node.left);
    job.expansion.set({
      column: this.#bins.columnBins + node.slot * this.#rows,
      from: node.from,
      to: node.to,
      isLeftSmall: isLeftSmall(node) ? 1 : 0,
    });
    const { grid } = this.#bins;
    const task = this.#threads.size > 1
      ? this.#threads.submit("boost_expand", grid.pointer, job.expansion.pointer)
      : undefined;
    return {
      finish: () => {
        if (task !== undefined) this.#threads.wait(task);
        else this.#threads.kernels.boost_expand(grid.pointer, job.expansion.pointer);
        job.isBusy = false;
        return this.#childrenOf(node, histograms, [job]);
      },
    };
  }

  #expandOnAll(node: Expansion): Expanded {
    const job = this.#jobs[0];
    job.left.set(node.left);
    this.#partition(node, job);
    const histograms = this.#prepare(node, job, this.#partialList);
    let parts = 1;
    if (histograms !== undefined) {
      const middle = node.from + node.leftRows;
      const [from, to] = isLeftSmall(node) ? [node.from, middle] : [middle, node.to];
      job.children.set({ partials: this.#sum(histograms.small, from, to) });
      parts = this.#split(job);
    }
    const children = this.#childrenOf(node, histograms, this.#parts.slice(0, parts));
    return { finish: () => children };
  }

  /** Writes what the kernels must know of the children; undefined when no child wants a split. */
  #prepare(node: Expansion, job: Job, partial: number): { small: number; large: number } | undefined {
    const { leftRequest, rightRequest } = node;
    if (!leftRequest && !rightRequest) {
      job.children.set({ smallRequest: 0, largeRequest: 0 });
      this.release(node.histogram as number);
      return undefined;
    }
    const small = this.#newHistogram();
    const large = node.histogram as number;
    job.children.set({ parent: large, small, partials: 0, partial, isSubtracted: 0 });
    const [first, second] = isLeftSmall(node) ? [leftRequest, rightRequest] : [rightRequest, leftRequest];
    this.#ask(job, first, second, small, large);
    return { small, large };
  }

  #childrenOf(
    node: Expansion,
    histograms: { small: number; large: number } | undefined,
    parts: readonly Job[],
  ): Children {
    const none = { histogram: undefined, found: undefined };
    if (histograms === undefined) return { left: none, right: none };
    const isLeft = isLeftSmall(node);
    const { leftRequest, rightRequest } = node;
    const small = {
      histogram: histograms.small,
      found: (isLeft ? leftRequest : rightRequest) && this.#best(parts, SMALL),
    };
    const large = {
      histogram: histograms.large,
      found: (isLeft ? rightRequest : leftRequest) && this.#best(parts, LARGE),
    };
    return isLeft ? { left: small, right: large } : { left: large, right: small };
  }

  #newHistogram(): number {
    return this.#free.pop() ?? this.#memory.take(this.#histogramBytes);
  }

  /** Sums rows into a histogram and, by other threads, partial ones: returns how many. */
  #sum(histogram: number, from: number, to: number): number {
    const least = Math.ceil(UPDATES_A_TASK / this.#bins.slots.length);
    return this.#share.run("boost_histogram", to - from, least, (first, last, i) => [
      this.#bins.grid.pointer,
      i === 0 ? histogram : this.#partials[i - 1],
      from + first,
      from + last,
      this.#parts[i].scratch,
    ]) - 1;
  }

  /** Completes histograms and finds splits: returns the number of parts that it was cut into. */
  #split(job: Job): number {
    return this.#share.run("boost_split", this.#bins.slots.length, SLOTS_A_TASK, (first, last, i) => [
      this.#bins.grid.pointer,
      job.children.pointer,
      first,
      last,
      this.#parts[i].out,
    ]);
  }

  #partition({ slot, from, to, leftRows }: Expansion, { expansion }: Job): void {
    expansion.set({ column: this.#bins.columnBins + slot * this.#rows });
    const bounds: [number, number][] = [];
    const lefts: number[] = [];
    this.#share.run("boost_partition", to - from, ROWS_A_TASK, (first, last, i) => {
      bounds[i] = [from + first, from + last];
      return [
        this.#bins.grid.pointer,
        expansion.pointer,
        from + first,
        from + last,
        from + last === to ? 1 : 0,
      ];
    }, lefts);
    let leftEnd = from;
    bounds.forEach(([first], i) => {
      if (leftEnd !== first) this.#order.copyWithin(leftEnd, first, first + lefts[i]);
      leftEnd += lefts[i];
    });
    let rightEnd = from + leftRows;
    // Those of the last part are in their place.
    bounds.slice(0, -1).forEach(([first, last], i) => {
      const rights = last - first - lefts[i];
      this.#order.set(this.#spare.subarray(first, first + rights), rightEnd);
      rightEnd += rights;
    });
  }

  #ask(
    job: Job,
    small: SplitRequest | undefined,
    large: SplitRequest | undefined,
    smallHistogram: number,
    largeHistogram: number,
  ): void {
    const write = (which: number, request: SplitRequest | undefined, histogram: number) => {
      if (request === undefined) return 0;
      const { sums, lossHere, lower, upper, allowed } = request;
      if (allowed !== undefined) job.allowed[which].set(allowed);
      return job.requests[which].set({
        gradient: sums.gradient,
        hessian: sums.hessian,
        rows: sums.rows,
        lossHere,
        lower,
        upper,
        histogram,
        allowed: allowed === undefined ? 0 : job.allowed[which].byteOffset,
      }).pointer;
    };
    job.children.set({
      smallRequest: write(SMALL, small, smallHistogram),
      largeRequest: write(LARGE, large, largeHistogram),
    });
  }

  /** The best of what was found in parts of the columns; of equal gains the first. */
  #best(parts: readonly Job[], which: number): FoundSplit | undefined {
    let best: FoundSplit | undefined;
    for (const part of parts) {
      const found = part.found[which];
      const slot = found.get("slot") | 0;
      const gain = found.get("gain");
      if (slot < 0 || (best !== undefined && !(gain > best.gain))) continue;
      const isSet = this.#bins.binning.categorical[this.#bins.slots[slot]] === 1;
      best = {
        gain,
        slot,
        bin: found.get("bin"),
        missingLeft: found.get("missingLeft") === 1,
        set: isSet ? new Uint32Array(this.#threads.memory.buffer, found.pointer + 24, 8).slice() : undefined,
        left: {
          gradient: found.get("gradientLeft"),
          hessian: found.get("hessianLeft"),
          rows: found.get("rowsLeft"),
        },
      };
    }
    return best;
  }

  #newJob(): Job {
    const memory = this.#memory;
    const slots = this.#bins.slots.length;
    const out = memory.take(8192);
    const scratch = memory.take(this.#threads.kernels.boost_scratch(this.#bins.grid.pointer));
    const left = memory.bytes(memory.take(256), 256);
    const children = new Struct(memory, CHILDREN);
    return {
      expansion: new Struct(memory, EXPANSION).set({
        left: left.byteOffset,
        scratch,
        out,
        children: children.pointer,
      }),
      children,
      requests: [0, 1].map(() => new Struct(memory, REQUEST)),
      allowed: [0, 1].map(() => memory.bytes(memory.take(slots), slots)),
      left,
      scratch,
      out,
      found: [0, 128].map((offset) => new Struct(memory, FOUND, out + offset)),
      isBusy: false,
    };
  }
}

function isLeftSmall({ from, to, leftRows }: Expansion): boolean {
  return leftRows < to - from - leftRows;
}
