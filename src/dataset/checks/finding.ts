/** What a check says, and what it gets to look at. */
import type { Column, Table } from "../table.ts";
import type { Task } from "../task.ts";

/**
 * error: learning would most likely give a model, or a score, that fails in use; `train_model` refuses it unless
 * told otherwise. warning: look at it before you believe the score. info: good to know.
 */
export const SEVERITIES = ["error", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  /** Name of the check, as in `ignore_findings`. */
  check: string;
  severity: Severity;
  /** The columns that it is about; none when it is about the rows. */
  columns: string[];
  /** One sentence. */
  message: string;
  /** The figures behind it. */
  evidence: Record<string, number | string>;
  /** What to do. */
  hint: string;
}

export type Found = Omit<Finding, "check">;

/** How rows are kept apart for measuring. */
export type SplitMethod = "holdout" | "k_fold" | "time" | "group";

/** A target as the statistics take it: one entry for each row of the sample. */
export type Labels =
  | { task: "classification"; y: Int32Array; names: readonly string[] }
  | { task: "regression"; y: Float64Array };

export interface Subject {
  table: Table;
  target: Column | null;
  task: Task | null;
  /** All columns but the target and what the caller left out. */
  columns: readonly Column[];
  /** Those of them that learning takes: no identifiers and no free text, unless asked for by name. */
  features: readonly Column[];
  /** Columns that were asked for by name. */
  wanted: ReadonlySet<string>;
  /** Null where nobody has chosen yet; a random split is the default. */
  method: SplitMethod | null;
  /** Row numbers of the two sides, where they are known. */
  split: { train: Uint32Array; test: Uint32Array } | null;
  /** Rows that the statistics look at: at most 20,000, at even distances, all with a target if there is one. */
  sample: Uint32Array;
  labels: Labels | null;
}

export interface Check {
  name: string;
  /** For the documentation: what it finds. */
  title: string;
  /** For the documentation: those that it gives, and when. */
  severity: string;
  /** For the documentation: what to do. */
  remedy: string;
  find(subject: Subject): Found[];
}
