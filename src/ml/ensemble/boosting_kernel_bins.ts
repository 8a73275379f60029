/** Columns to bins by the kernels: each column is copied to their memory, sorted for its cuts, and searched among them. */
import type { Random } from "@/shared/random.ts";
import { columnView, type Matrix } from "../matrix.ts";
import {
  binColumn,
  type Binning,
  codeTable,
  cutsOfSorted,
  cutsOfWeighted,
  newBinning,
  sampleRows,
  takeColumn,
} from "./boosting_bins.ts";
import { slotsOf } from "./boosting_engine.ts";
import { type BoostingMemory, COLUMN, GRID, Struct } from "./boosting_memory.ts";
import type { Labelled, Setup } from "./boosting_setup.ts";

export interface KernelBins {
  binning: Binning;
  slots: Int32Array;
  grid: Struct<typeof GRID>;
  /** Bytes of a row of bins. */
  stride: number;
  rowBins: number;
  columnBins: number;
  /** Row by row; 0 when no rows are watched. */
  watchedBins: number;
}

const ROWS_A_TASK = 16_384;

export function binOnThreads(
  memory: BoostingMemory,
  setup: Setup,
  maxBins: number,
  random: Random,
): KernelBins {
  const { train, watched, categories } = setup;
  const { X } = train;
  const rows = train.y.length;
  const binning = newBinning(X.cols);
  const columns = Array.from({ length: X.cols }, (_, j) => j);
  for (const j of columns.filter((j) => X.categories[j] > 0)) {
    binning.categorical[j] = 1;
    binning.count[j] = codeTable(categories, j).bins;
  }
  const start = memory.threads.kernels.mark();
  cutColumns(memory, setup, binning, columns.filter((j) => X.categories[j] === 0), maxBins, random);
  memory.threads.kernels.rewind(start);
  // One bin alone can be split only from missing values.
  for (const j of columns.filter((j) => binning.count[j] < 2)) {
    binning.missing[j] = binColumn(train, j, binning, categories, new Uint8Array(rows));
  }
  const slots = slotsOf(binning);
  const stride = (slots.length + 3) & ~3;
  const columnBins = memory.take(rows * slots.length);
  const rowBins = memory.take(rows * stride);
  const watchedRows = watched?.y.length ?? 0;
  const watchedBins = memory.take(watchedRows * stride);
  const grid = new Struct(memory, GRID);
  const mark = memory.threads.kernels.mark();
  if (watched) {
    const pointer = memory.take(watchedRows * slots.length);
    fillBins(memory, watched, setup, binning, slots, pointer);
    grid.set({ columnBins: pointer, rowBins: watchedBins, rows: watchedRows, slots: slots.length, stride });
    transpose(memory, grid, watchedRows);
  }
  fillBins(memory, train, setup, binning, slots, columnBins, (j, any) => binning.missing[j] = any);
  memory.threads.kernels.rewind(mark);
  grid.set({ columnBins, rowBins, rows, slots: slots.length, stride });
  transpose(memory, grid, rows);
  return { binning, slots, grid, stride, rowBins, columnBins, watchedBins };
}

/** Finds the cuts of columns of numbers: while threads sort, the next column is copied. */
function cutColumns(
  memory: BoostingMemory,
  { train: { X, rows, weight } }: Setup,
  binning: Binning,
  columns: readonly number[],
  maxBins: number,
  random: Random,
): void {
  const n = rows?.length ?? X.rows;
  const sample = sampleRows(n, rows, weight, random);
  const set = (j: number, cuts: Float64Array) => {
    binning.cuts[j] = cuts;
    binning.count[j] = cuts.length + 1;
  };
  if (sample === undefined && weight !== undefined) {
    for (const j of columns) set(j, cutsOfWeighted(takeColumn(X, j, rows), weight, maxBins));
    return;
  }
  const { threads } = memory;
  const taken = sample ?? rows;
  const size = taken?.length ?? n;
  const buffers = Array.from({ length: threads.size + 1 }, () => ({
    values: memory.take(8 * size),
    spare: memory.take(8 * size),
    buckets: memory.take(threads.kernels.boost_sort_scratch()),
  }));
  eachInTurn(columns, buffers.length, (j, turn) => {
    const { values, spare, buckets } = buffers[turn];
    copyColumn(X, j, taken, memory.doubles(values, size));
    const task = threads.submit("boost_sort", values, size, spare, buckets);
    return () => {
      const sorted = threads.wait(task) >>> 0;
      const present = memory.words(buckets, 1)[0];
      set(j, cutsOfSorted(memory.doubles(sorted, present), maxBins));
    };
  });
}

/** Writes the bins of the columns that can be split, column by column. */
function fillBins(
  memory: BoostingMemory,
  { X, rows, y }: Labelled,
  { categories }: Setup,
  binning: Binning,
  slots: Int32Array,
  columnBins: number,
  tell: (j: number, anyMissing: number) => void = () => {},
): void {
  const { threads } = memory;
  const n = y.length;
  const tableBytes = Math.max(8 * 256, ...X.categories);
  const buffers = Array.from({ length: threads.size + 1 }, () => ({
    values: memory.take(8 * n),
    cuts: memory.take(tableBytes),
    column: new Struct(memory, COLUMN),
  }));
  eachInTurn([...slots.keys()], buffers.length, (slot, turn) => {
    const j = slots[slot];
    const { values, cuts, column } = buffers[turn];
    copyColumn(X, j, rows, memory.doubles(values, n));
    const codes = X.categories[j];
    let size = 1;
    if (codes > 0) memory.bytes(cuts, codes).set(codeTable(categories, j).table);
    else {
      memory.doubles(cuts, 256).fill(Infinity).set(binning.cuts[j]);
      while (size <= binning.cuts[j].length) size *= 2;
    }
    const missing = binning.count[j];
    column.set({ values, rows: n, cuts, codes, size, missing, bins: columnBins + slot * n });
    const task = threads.submit("boost_bin", column.pointer);
    return () => tell(j, threads.wait(task));
  });
}

function transpose({ threads }: BoostingMemory, grid: Struct<typeof GRID>, rows: number): void {
  const parts = Math.max(1, Math.min(threads.size, Math.floor(rows / ROWS_A_TASK)));
  const tasks = Array.from({ length: parts }, (_, part) => {
    const cut = (k: number) => Math.floor(rows * k / parts);
    return threads.submit("boost_transpose", grid.pointer, cut(part), cut(part + 1));
  });
  for (const task of tasks) threads.wait(task);
}

/** Begins with each item and ends with it `width` items later. */
function eachInTurn(
  items: readonly number[],
  width: number,
  begin: (item: number, turn: number) => () => void,
): void {
  const ends: (() => void)[] = [];
  items.forEach((item, i) => {
    if (i >= width) ends[i - width]();
    ends.push(begin(item, i % width));
  });
  for (const end of ends.slice(Math.max(0, items.length - width))) end();
}

function copyColumn(X: Matrix, j: number, rows: Int32Array | undefined, to: Float64Array): void {
  const column = columnView(X, j);
  if (rows === undefined) to.set(column);
  else for (let i = 0; i < rows.length; i++) to[i] = column[rows[i]];
}
