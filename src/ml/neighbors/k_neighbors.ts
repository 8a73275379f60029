import { checkStop } from "@/kernels/stop.ts";
import { AppError } from "@/shared/errors.ts";
import { z } from "zod";
import { defineEstimator } from "../estimator.ts";
import type { Matrix } from "../matrix.ts";
import { checkColumns, checkFeatures, checkTraining } from "../tree/checks.ts";
import { KdTree, MOST_COLUMNS } from "./kd_tree.ts";
import { NearestRows } from "./nearest.ts";
import { searchBlocks, suitsBlocks } from "./nearest_blocks.ts";

const params = z.strictObject({
  n_neighbors: z.int().min(1).default(5).describe(
    "How many of the nearest training rows are asked, from 1 up.",
  ),
  weights: z.enum(["uniform", "distance"]).default("uniform").describe(
    "uniform: each neighbor counts the same. distance: by one over its distance.",
  ),
  metric: z.enum(["minkowski", "euclidean", "manhattan", "chebyshev"]).default("minkowski").describe(
    "The distance; minkowski is of the order p.",
  ),
  p: z.number().min(1).default(2).describe(
    "Order of the minkowski distance, from 1 up: 1 is manhattan, 2 euclidean.",
  ),
});

type NeighborsParams = z.infer<typeof params>;

type NeighborsState = {
  /** (rows * cols) row-major: the training rows. */
  points: Float64Array;
  cols: number;
  /** (rows) */
  y: Float64Array;
  n_classes: number;
  n_neighbors: number;
  by_distance: boolean;
  /** Order of the distance; 0 stands for infinity. */
  order: number;
};

const ORDERS = { euclidean: 2, manhattan: 1, chebyshev: 0 };

/** The training rows are the model. */
export const kNeighbors = defineEstimator<NeighborsParams, NeighborsState>({
  name: "k_neighbors",
  title: "k nearest neighbors",
  description:
    "Asks the most similar training rows. Good with few columns and some thousand rows; predicting slows with the training rows.",
  source: "https://scikit-learn.org/stable/modules/neighbors.html",
  needs: { missing: "impute", categories: "one_hot", scaling: true, kernels: true },
  params: { classification: params, regression: params },

  fit(X, y, params, context) {
    checkTraining(X, y, context, "k_neighbors", false);
    if (context.sample_weight) {
      throw new AppError("invalid_argument", "Cannot train k_neighbors: it has no use for sample weights", {
        hint: "Leave sample_weight out, or choose another algorithm.",
      });
    }
    if (params.n_neighbors > X.rows) {
      throw new AppError(
        "invalid_argument",
        `Cannot train k_neighbors: parameter n_neighbors is ${params.n_neighbors}, and there are ${X.rows} rows`,
        { hint: `Use n_neighbors of at most ${X.rows}, or more rows.` },
      );
    }
    context.progress(1, 1);
    return {
      points: rowMajor(X),
      cols: X.cols,
      y: y.slice(),
      n_classes: context.n_classes,
      n_neighbors: params.n_neighbors,
      by_distance: params.weights === "distance",
      order: params.metric === "minkowski" ? params.p : ORDERS[params.metric],
    };
  },

  predict(X, state) {
    checkColumns(X, state.cols, "k_neighbors");
    checkFeatures(X, "predict with k_neighbors", false);
    const { cols, y, n_classes, n_neighbors } = state;
    const nearest = new NearestRows(
      state.points,
      cols,
      n_neighbors,
      state.order === 0 ? Infinity : state.order,
    );
    const queries = rowMajor(X);
    const votes = new Float64Array(n_neighbors).fill(1);
    const width = Math.max(n_classes, 1);
    const scores = new Float64Array(X.rows * width);
    const take = (i: number) => {
      let total = 0;
      const add = (row: number, vote: number) => {
        total += vote;
        if (n_classes > 0) scores[i * width + y[row]] += vote;
        else scores[i] += vote * y[row];
      };
      if (state.by_distance) weighByDistance(nearest, votes);
      const { rows, tied } = nearest;
      // Rows as near as the last one share its votes: which of them stands first in the table means nothing.
      const within = tied.length > 0 ? nearest.tiedWithin : 0;
      const share = within / (within + tied.length) || 1;
      const last = n_neighbors - 1;
      for (let n = 0; n <= last; n++) add(rows[n], n > last - within ? votes[n] * share : votes[n]);
      // In one order, whatever the search: sums of numbers depend on it.
      for (const row of tied.sort((a, b) => a - b)) add(row, votes[last] * share);
      for (let k = 0; k < width; k++) scores[i * width + k] /= total;
    };
    searchAll(queries, state, nearest, take);
    return scores;
  },
});

/** From so many queries on a tree is worth its growing. */
const ENOUGH_QUERIES = 64;
const ENOUGH_POINTS = 256;

/** Calls `take` for each query in turn, when `nearest` holds its neighbours: the same ones whatever the way. */
function searchAll(
  queries: Float64Array,
  { points, cols, order, n_neighbors }: NeighborsState,
  nearest: NearestRows,
  take: (query: number) => void,
): void {
  const rows = queries.length / cols;
  const isKnown = order === 1 || order === 2;
  const suitsTree = isKnown && cols <= MOST_COLUMNS && rows >= ENOUGH_QUERIES &&
    points.length / cols >= Math.max(ENOUGH_POINTS, 4 * n_neighbors);
  if (!suitsTree && order === 2 && suitsBlocks(queries, points, cols, n_neighbors)) {
    return searchBlocks(queries, points, cols, nearest, take);
  }
  const tree = suitsTree ? new KdTree(points, cols, order) : undefined;
  for (let i = 0; i < rows; i++) {
    checkStop();
    const query = queries.subarray(i * cols, (i + 1) * cols);
    if (tree) tree.search(query, nearest);
    else nearest.search(query);
    take(i);
  }
}

/** One over the distance; rows at distance 0, if any, count alone. */
function weighByDistance(nearest: NearestRows, votes: Float64Array): void {
  const least = nearest.distance(0);
  for (let n = 0; n < votes.length; n++) {
    const distance = nearest.distance(n);
    votes[n] = distance === least ? 1 : least / distance;
  }
}

function rowMajor(X: Matrix): Float64Array {
  const result = new Float64Array(X.rows * X.cols);
  // Blocks of rows stay in the cache while they are written a column at a time.
  for (let from = 0; from < X.rows; from += 512) {
    const to = Math.min(from + 512, X.rows);
    for (let j = 0; j < X.cols; j++) {
      for (let i = from; i < to; i++) result[i * X.cols + j] = X.data[j * X.rows + i];
    }
  }
  return result;
}
