/** One request on its way through the door, and what is found out about it there. */
import type { ServedModel } from "./served_model.ts";

export interface Exchange {
  readonly request_id: string;
  /** The key it carried, when the endpoint asks for one. */
  key_id: string | null;
  /** performance.now() when it came. Asked once: it costs as much as counting a row. */
  readonly started_ms: number;
  /** The model that answers it; null until one is chosen, and for ever when the request was refused before. */
  model: ServedModel | null;
  /** Its deployment, for the caller to see; null where there is no other. */
  told_version: number | null;
}
