/** The rows of a request, answered by one model, counted for it, and asked of the shadow afterwards. */
import type { RowPredictions } from "@/artifact/predict_rows.ts";
import type { Exchange } from "./exchange.ts";
import type { Replica } from "./replica_state.ts";
import type { ServedModel } from "./served_model.ts";
import type { Traffic } from "./traffic.ts";

/** A request's rows, as a model reads them, and what it says. */
export interface Asked {
  rows: readonly unknown[];
  answer: RowPredictions;
}

/**
 * @param traffic read once a request: whatever is changed meanwhile, one model of it answers
 * @param ask answers the request's rows with a model
 * @throws what `ask` throws; it then counts as the model's error
 */
export function answerRows(
  replica: Replica,
  exchange: Exchange,
  traffic: Traffic,
  model: ServedModel,
  ask: (model: ServedModel) => Asked,
): RowPredictions {
  exchange.model = model;
  if (traffic.models.length > 1) exchange.told_version = model.version;
  const { rows, answer } = ask(model);
  replica.watching.see(exchange, model, rows, answer);
  replica.counters.of(model.version).rows += answer.predictions.length;
  const { shadow } = traffic;
  if (shadow !== null && shadow !== model) replica.shadowing.add({ shadow, answered: model, answer, ask });
  return answer;
}
