/** From a matrix to the engine that grows trees on it: plain for small data, kernels and threads for more. */
import type { Random } from "@/shared/random.ts";
import type { Matrix } from "../matrix.ts";
import { binColumn, binColumns, type Binning, type CategoryBins } from "./boosting_bins.ts";
import type { BoostingEngine, SplitLimits, Targets } from "./boosting_engine.ts";
import type { Loss } from "./boosting_loss.ts";
import { openKernelEngine } from "./boosting_kernels.ts";
import { type BinnedRows, PlainEngine } from "./boosting_plain.ts";

/** Some rows of a matrix (no list: all), with the target and weight of each of them. */
export interface Labelled {
  X: Matrix;
  rows: Int32Array | undefined;
  y: Float64Array;
  weight: Float64Array | undefined;
}

export interface Setup {
  train: Labelled;
  watched: Labelled | undefined;
  categories: CategoryBins;
  loss: Loss;
  limits: SplitLimits;
  /** (cols) */
  monotonic: Int8Array | undefined;
}

export interface Opened {
  engine: BoostingEngine;
  binning: Binning;
}

/** Below so many cells the kernels take longer to start than they save. */
const KERNEL_CELLS = 10_000;
/** Below so many cells for each, threads wait for each other more than they work. */
const THREAD_CELLS = 200_000;

/** Who does the work over rows; tests ask for each. */
export interface Workers {
  engine: "auto" | "plain" | "kernels";
  /** Every task is cut for all threads, however short it is. */
  isCutFine: boolean;
}

export const AUTO: Workers = { engine: "auto", isCutFine: false };

export function openEngine(
  setup: Setup,
  maxBins: number,
  random: Random,
  threads: number,
  { engine, isCutFine }: Workers,
): Opened {
  const { X } = setup.train;
  const cells = X.rows * X.cols;
  if (engine === "plain" || (engine === "auto" && cells < KERNEL_CELLS)) {
    return openPlain(setup, maxBins, random);
  }
  const most = isCutFine ? threads : Math.max(1, Math.floor(cells / THREAD_CELLS));
  return openKernelEngine(setup, maxBins, random, Math.min(threads, most), isCutFine) ??
    openPlain(setup, maxBins, random);
}

function openPlain(setup: Setup, maxBins: number, random: Random): Opened {
  const { train, watched, categories, loss, limits, monotonic } = setup;
  const { binning, data } = binColumns(train, train.weight, categories, maxBins, random);
  const engine = new PlainEngine(
    binning,
    { data, targets: targetsOf(train, loss.trees) },
    watched && binAgain(watched, binning, categories, loss.trees),
    loss,
    limits,
    monotonic,
  );
  return { engine, binning };
}

function targetsOf({ y, weight }: Labelled, trees: number): Targets {
  return { rows: y.length, y, weight, raw: new Float64Array(trees * y.length), stride: y.length };
}

function binAgain(
  watched: Labelled,
  binning: Binning,
  categories: CategoryBins,
  trees: number,
): BinnedRows {
  const rows = watched.y.length;
  const data = new Uint8Array(rows * binning.cols);
  for (let j = 0; j < binning.cols; j++) {
    binColumn(watched, j, binning, categories, data.subarray(j * rows, (j + 1) * rows));
  }
  return { data, targets: targetsOf(watched, trees) };
}
