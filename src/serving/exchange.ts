/** One request on its way through the door, and what is found out about it there. */
import type { ServedModel } from "./served_model.ts";

export interface Exchange {
  readonly request_id: string;
  /** The model that answers it; null until one is chosen, and for ever when the request was refused before. */
  model: ServedModel | null;
}
