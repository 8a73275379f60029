/** POST /explain: what each value of one row does to its prediction. Not counted among the predictions. */
import { explainRow, type RowExplanation } from "@/artifact/explain_row.ts";
import { AppError } from "@/shared/errors.ts";
import type { Incoming } from "./http/request.ts";
import { readPredictionBody } from "./read_json.ts";
import type { Replica } from "./replica_state.ts";

export interface ExplainAnswer extends RowExplanation {
  model: string;
}

/** @throws AppError naming the column and the rule */
export async function explain(replica: Replica, request: Incoming): Promise<ExplainAnswer> {
  const body = await readPredictionBody(replica, request);
  const row = rowOf(body);
  const model = replica.holder.current;
  return { ...explainRow(model.artifact, row), model: model.model_id };
}

function rowOf(body: unknown): Record<string, unknown> {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (isObject(body) && Object.keys(body).length === 1 && isObject(body.row)) return body.row;
  throw new AppError("invalid_argument", 'Cannot explain: the body must be {"row": {"column": value, …}}', {
    hint: "One row at a time, as an object by column.",
  });
}
