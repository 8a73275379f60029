/** Refuses a job that will not fit into memory, before it is queued. */
import { AppError } from "@/shared/errors.ts";
import type { Table } from "@/dataset/table.ts";
import { estimatorOf } from "@/ml/estimators.ts";
import { checkParams } from "@/ml/pipeline.ts";
import { matrixColumns } from "@/ml/preprocessing/matrix_size.ts";
import type { TrainingRequest } from "./job.ts";
import type { Prepared } from "./tasks/prepare.ts";
import { type Candidate, candidatesOf } from "./training_job.ts";

/** @throws AppError resource_exhausted with the figures and the ways out */
export function requireJobMemory(request: TrainingRequest, prepared: Prepared, limit_bytes: number): void {
  const { train, task, classes } = prepared;
  const table = tableBytes(train);
  const of = ({ algorithm, params }: Candidate) => {
    const estimator = estimatorOf(algorithm);
    const cols = matrixColumns(train, request.target, estimator.needs, request.features);
    const matrix = train.rows * cols * 8;
    const shape = { rows: train.rows, cols, n_classes: classes.length };
    return matrix + (estimator.memory?.(shape, checkParams(algorithm, task, params)) ?? matrix);
  };
  const candidates = candidatesOf(request, prepared).map((candidate) => ({
    candidate,
    bytes: of(candidate),
  }));
  const largest = candidates.sort((a, b) => b.bytes - a.bytes);
  // Those that are compared at once have a copy of their folds each.
  const atOnce = largest.slice(0, request.threads).reduce((sum, { bytes }) => sum + bytes + table, 0);
  const needed = table + atOnce;
  if (needed <= limit_bytes) return;
  const { algorithm } = largest[0].candidate;
  const rows = Math.floor(prepared.rows.total * limit_bytes / needed / 1000) * 1000;
  throw new AppError(
    "resource_exhausted",
    `Cannot train ${algorithm} on ${train.rows} rows: it would take about ${
      megabytes(needed)
    } of memory, the limit is ${megabytes(limit_bytes)}`,
    {
      hint: `Use a sample (sample_rows: ${Math.max(rows, 1000)}), leave columns out (exclude), ${
        "n_estimators" in largest[0].candidate.params || /forest|trees/.test(algorithm)
          ? "grow fewer or smaller trees (n_estimators, max_leaf_nodes), "
          : ""
      }set threads: 1, or raise training.max_fit_mb.`,
    },
  );
}

function tableBytes({ columns }: Table): number {
  return columns.reduce(
    (sum, column) => sum + (column.storage === "numeric" ? column.values : column.codes).byteLength,
    0,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;
}
