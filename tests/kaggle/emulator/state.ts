/** What the two origins of one emulator share. */
import type { Archives } from "./archives.ts";
import type { HashCache } from "./content.ts";
import type { Shelf } from "./datasets.ts";
import type { Dice, Faults } from "./faults.ts";
import type { Links } from "./links.ts";

export interface SeenRequest {
  host: "api" | "storage";
  method: string;
  path: string;
  /** Without the question mark; of a REST call. */
  query: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

export interface State {
  shelf: Shelf;
  faults: Faults;
  dice: Dice;
  seen: SeenRequest[];
  links: Links;
  archives: Archives;
  hashes: HashCache;
  /** How often a data set was stored anew: it changes ETags and archives, and not the files. */
  generations: Map<string, number>;
  /** Links lead to this port of the host that the client asked. */
  storagePort: number;
}

/** More are forgotten, oldest first: an emulator may run for days. */
const MOST_SEEN = 10_000;

export function keep(
  state: State,
  host: "api" | "storage",
  request: Request,
  body: Record<string, unknown>,
): void {
  const { pathname, search } = new URL(request.url);
  state.seen.push({
    host,
    method: request.method,
    path: pathname,
    query: search.slice(1),
    headers: Object.fromEntries(request.headers),
    body,
  });
  if (state.seen.length > MOST_SEEN) state.seen.splice(0, MOST_SEEN / 10);
}
