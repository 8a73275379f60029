/**
 * The kernels (kernels.wasm) on one shared memory, and threads that run them beside the caller.
 *
 * A task is the name of an exported function and numbers. Tasks stand in a ring on shared memory; whoever is free
 * takes the next one, and a caller who waits for a result works on tasks meanwhile. So nothing depends on the threads:
 * where none can be started, or before they have started, the caller does it all.
 *
 * A thread is a Worker from a `data:` module, which needs no right. It waits for tasks for a moment and then
 * goes back to its event loop, from which a message wakes it: a Worker that waits forever could not be ended.
 */
import type { Kernel, Kernels } from "./kernels.ts";
import { openMemory } from "./kernels_memory.ts";
import { checkStop, stopWord } from "./stop.ts";

/** Tasks at once in the ring; each is STATE, FUNCTION and up to four arguments. */
const RING = 256;
const WORDS = 8;
const [STATE, FUNCTION, RESULT, ARGUMENTS] = [0, 1, 2, 3];
const [QUEUED, DONE, FAILED] = [1, 2, 3];
/** The head of the board: tasks taken, tasks given, and for each thread 1 while it sleeps. */
const [TAKEN, GIVEN, ASLEEP] = [0, 1, 2];
const HEAD_WORDS = 64;
const MAX_THREADS = HEAD_WORDS - ASLEEP;

/** Looks before a thread sleeps: short tasks follow each other so quickly. Many more would starve a busy machine. */
const SPINS = 4000;

/** Longest that the caller sleeps without a look whether its work is still wanted. */
const LOOK_MS = 10;

/** A kernel trapped: most likely its memory is full. */
export class KernelError extends Error {
  constructor(kernel: string) {
    super(`${kernel} failed`);
  }
}

export interface Threads {
  readonly memory: WebAssembly.Memory;
  /** The functions, on the caller's own thread. */
  readonly kernels: Kernels;
  /** Threads with the caller's. */
  readonly size: number;
  /** Threads that a message would have to wake. */
  readonly asleep: number;
  /** Puts a task into the ring: its number, for `wait`. At most 256 may be unfinished. */
  submit(name: Kernel, ...args: number[]): number;
  /** True when the task has ended. */
  isDone(task: number): boolean;
  /** What the task returned; works on tasks until then. @throws KernelError */
  wait(task: number): number;
  /** Ends the threads. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * @param size threads with the caller's: 1 starts none
 * @param kernelMemory where they work; default: one that grows
 * @throws RangeError where no memory can be reserved
 */
export function openThreads(size: number, kernelMemory = openMemory()): Threads {
  const { module, memory } = kernelMemory;
  const imports = { env: { memory, stopped: () => Atomics.load(stopWord(), 0) } };
  const kernels = new WebAssembly.Instance(module, imports).exports as unknown as Kernels;
  const names = WebAssembly.Module.exports(module).map(({ name }) => name);
  const board = new Int32Array(new SharedArrayBuffer((HEAD_WORDS + RING * WORDS) * 4));
  const workers = startWorkers(Math.min(size - 1, MAX_THREADS), {
    ...{ module, memory, board, names },
    stop: stopWord(),
  });
  const placeOf = (task: number) => HEAD_WORDS + (task % RING) * WORDS;

  const runOne = () => {
    try {
      return runNext(board, names, kernels as unknown as Functions, LAYOUT);
    } catch {
      return true; // it is marked as failed
    }
  };

  const close = () => {
    for (const worker of workers.splice(0)) worker.terminate();
  };

  return {
    memory,
    kernels,
    size: workers.length + 1,
    get asleep() {
      return workers.filter((_, i) => Atomics.load(board, ASLEEP + i) === 1).length;
    },
    submit(name, ...args) {
      const task = board[GIVEN];
      const place = placeOf(task);
      if (board[place + STATE] === QUEUED) throw new Error("more than 256 tasks are unfinished");
      board[place + FUNCTION] = names.indexOf(name);
      board.set(args, place + ARGUMENTS);
      Atomics.store(board, place + STATE, QUEUED);
      Atomics.store(board, GIVEN, task + 1);
      Atomics.notify(board, GIVEN, 1);
      workers.forEach((worker, i) => {
        if (Atomics.compareExchange(board, ASLEEP + i, 1, 0) === 1) worker.postMessage(null);
      });
      return task;
    },
    isDone: (task) => Atomics.load(board, placeOf(task) + STATE) !== QUEUED,
    wait(task) {
      const place = placeOf(task);
      while (Atomics.load(board, place + STATE) === QUEUED) {
        checkStop();
        if (runOne()) continue;
        for (let i = 0; i < SPINS && Atomics.load(board, place + STATE) === QUEUED; i++);
        Atomics.wait(board, place + STATE, QUEUED, LOOK_MS);
      }
      checkStop();
      if (board[place + STATE] === FAILED) throw new KernelError(names[board[place + FUNCTION]]);
      return board[place + RESULT];
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** The board's layout, for functions that run in the threads: they can't see this module. */
const LAYOUT = {
  STATE,
  FUNCTION,
  RESULT,
  ARGUMENTS,
  DONE,
  FAILED,
  TAKEN,
  GIVEN,
  ASLEEP,
  HEAD_WORDS,
  RING,
  WORDS,
  SPINS,
};

type Layout = typeof LAYOUT;
type Functions = Record<string, (...args: number[]) => number | undefined>;

interface Shared {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  board: Int32Array;
  names: string[];
  /** Not 0: the work is no longer wanted. */
  stop: Int32Array;
}

/** Takes the next task and does it; false when there is none. Must not use anything of this module. */
function runNext(board: Int32Array, names: string[], functions: Functions, layout: Layout): boolean {
  const { STATE, FUNCTION, RESULT, ARGUMENTS, DONE, FAILED, TAKEN, GIVEN, HEAD_WORDS, RING, WORDS } = layout;
  const task = Atomics.load(board, TAKEN);
  if (task >= Atomics.load(board, GIVEN)) return false;
  if (Atomics.compareExchange(board, TAKEN, task, task + 1) !== task) return true;
  const place = HEAD_WORDS + (task % RING) * WORDS;
  let state = FAILED;
  try {
    const args = board.subarray(place + ARGUMENTS, place + WORDS);
    board[place + RESULT] = functions[names[board[place + FUNCTION]]](...args) ?? 0;
    state = DONE;
  } finally {
    Atomics.store(board, place + STATE, state);
    Atomics.notify(board, place + STATE);
  }
  return true;
}

/** The whole of a thread. Must not use anything of this module. */
function serve(next: typeof runNext, layout: Layout): void {
  const { TAKEN, GIVEN, ASLEEP, SPINS } = layout;
  const PATIENCE_MS = 20;
  const port = self as unknown as {
    onmessage: (event: MessageEvent<(Shared & { i: number }) | null>) => void;
  };
  let shared: Shared & { i: number; functions: Functions };
  const work = () => {
    const { board, i, names, functions, stop } = shared;
    while (Atomics.load(stop, 0) === 0) {
      try {
        while (next(board, names, functions, layout));
      } catch {
        continue; // the caller finds the task marked as failed
      }
      const given = Atomics.load(board, GIVEN);
      if (Atomics.load(board, TAKEN) < given) continue;
      for (let i = 0; i < SPINS && Atomics.load(board, GIVEN) === given; i++);
      if (Atomics.wait(board, GIVEN, given, PATIENCE_MS) !== "timed-out") continue;
      Atomics.store(board, ASLEEP + i, 1);
      if (Atomics.load(board, GIVEN) === given) return;
      if (Atomics.compareExchange(board, ASLEEP + i, 1, 0) === 0) return; // a message is on its way
    }
  };
  port.onmessage = ({ data }) => {
    if (data) {
      const { module, memory, stop } = data;
      const imports = { env: { memory, stopped: () => Atomics.load(stop, 0) } };
      const { exports } = new WebAssembly.Instance(module, imports);
      shared = { ...data, functions: exports as Functions };
    }
    work();
  };
}

function startWorkers(count: number, shared: Shared): Worker[] {
  const source = `(${serve})(${runNext}, ${JSON.stringify(LAYOUT)})`;
  const workers: Worker[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const worker = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, {
        type: "module",
        name: "kernels",
        deno: { permissions: "none" },
      });
      worker.onerror = (event) => event.preventDefault();
      worker.postMessage({ ...shared, i });
      workers.push(worker);
    }
  } catch {
    // None can be started here: the caller works alone.
  }
  return workers;
}
