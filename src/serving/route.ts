/** A route of an endpoint: one value, with one of three kinds of answer. */
import type { Context } from "hono";
import type { Exchange } from "./exchange.ts";
import type { Replica } from "./replica_state.ts";

export interface Route {
  method: "GET" | "POST";
  /** As Hono writes it: `/v2/models/:name`. */
  path: string;
  json?(replica: Replica, c: Context, exchange: Exchange): unknown;
  text?(replica: Replica): { body: string; type: string };
  page?(replica: Replica): string;
}
