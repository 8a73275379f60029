/** What a plan is, what it rests on, and what is still missing. */

export type Task = "classification" | "regression";

export interface Plan {
  /** As the training tools take it: a dataset_id, a sample's ref or a path. */
  dataset: string;
  target: string;
  task: Task;
  metric: string;
  algorithm: string;
  params: Record<string, unknown>;
  budget: number | null;
  seed: number;
  /** Given by the person; null: from the baseline, once it is known. */
  min_score: number | null;
  model_name: string;
  endpoint: string;
}

/** A decision that nobody made explicitly. */
export interface Assumption {
  about: string;
  value: string;
  reason: string;
}

/** Something that can't be known from the request and the data. */
export interface Question {
  about: "dataset" | "target";
  question: string;
  /** Why it could not be known. */
  reason: string;
  choices: readonly Choice[];
  /** The option that answers it. */
  flag: string;
}

export interface Choice {
  value: string;
  detail: string;
}

export type Decision<T> =
  | { kind: "decided"; value: T; assumptions: Assumption[] }
  | { kind: "missing"; questions: Question[] };

export function decided<T>(value: T, ...assumptions: Assumption[]): Decision<T> {
  return { kind: "decided", value, assumptions };
}

export function missing<T>(...questions: Question[]): Decision<T> {
  return { kind: "missing", questions };
}
