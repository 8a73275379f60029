/** POST /predict */
import { predictRows } from "@/artifact/predict_rows.ts";
import { AppError } from "@/shared/errors.ts";
import { answerRows } from "./answer_rows.ts";
import type { Exchange } from "./exchange.ts";
import type { Incoming } from "./http/request.ts";
import { readPredictionBody } from "./read_json.ts";
import type { Replica } from "./replica_state.ts";

export interface PredictAnswer {
  predictions: (string | number)[];
  probabilities?: Record<string, number>[];
  model: string;
  warnings?: string[];
}

/** @throws AppError naming the row, the column and the rule */
export async function predict(
  replica: Replica,
  request: Incoming,
  exchange: Exchange,
): Promise<PredictAnswer> {
  const rows = rowsOf(await readPredictionBody(replica, request));
  const { traffic } = replica.holder;
  const model = traffic.choose(request.headers);
  const { predictions, probabilities, warnings } = answerRows(
    replica,
    exchange,
    traffic,
    model,
    ({ artifact }) => ({ rows, answer: predictRows(artifact, rows) }),
  );
  const answer: PredictAnswer = { predictions, model: model.model_id };
  if (probabilities !== undefined) answer.probabilities = probabilities;
  if (warnings.length > 0) answer.warnings = warnings;
  return answer;
}

function rowsOf(body: unknown): unknown[] {
  const refuse = (state: string) =>
    new AppError("invalid_argument", `Cannot predict: ${state}`, {
      hint: 'Send {"rows": [{"column": value, …}]}.',
    });
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw refuse("the body is not an object");
  }
  for (const key in body) {
    if (key !== "rows") throw refuse(`there is no field ${JSON.stringify(key.slice(0, 100))}`);
  }
  const { rows } = body as { rows?: unknown };
  if (rows === undefined) throw refuse('the field "rows" is missing');
  if (!Array.isArray(rows)) throw refuse('"rows" is not a list');
  if (rows.length === 0) throw refuse('"rows" is empty');
  return rows;
}
