/** One step that turns one column of a table into columns of the matrix. */
import type { Column } from "@/dataset/table.ts";
import type { State } from "./state.ts";

export interface Transformer<S extends State = State> {
  /** scikit-learn's word in snake_case: `one_hot_encoder`. */
  name: string;
  description: string;
  source: string;
  /** Learns from the training rows. */
  fit(column: Column, params: Record<string, unknown>): S;
  /** The names of the matrix columns it makes of a column called `name`. */
  outputs(name: string, state: S): string[];
  /** For each output: 0 for a number, k for category codes 0..k-1. */
  categories(state: S): number[];
  /**
   * Writes the outputs, one Float64Array of `rows` each.
   * Never fails on a value that training did not see: it becomes NaN or all zeros.
   */
  transform(column: Column, state: S, outputs: Float64Array[]): void;
  /** The same for one value after another, as a served model needs it; `transform` is its referee. */
  writer(state: S): ValueWriter;
}

export interface ValueWriter {
  /** Of a column of categories: what `write` takes for this text; undefined where training never saw it. */
  places?: ReadonlyMap<string, number>;
  /**
   * Writes every output of one row: output k goes to `out[at + k * stride]`, which holds 0 before.
   * @param value a number or date, or a place; NaN is missing
   */
  write(value: number, out: Float64Array, at: number, stride: number): void;
}

export function defineTransformer<S extends State>(transformer: Transformer<S>): Transformer {
  return transformer as unknown as Transformer;
}
