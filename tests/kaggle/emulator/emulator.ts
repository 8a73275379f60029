/**
 * Kaggle's data set API on loopback: the API on one port, the storage on another.
 *
 * Written from what the public Python clients (kagglehub, kaggle, kagglesdk) send and expect, and judged by them:
 * tests/reference/kaggle_clients.py. docs/kaggle-emulator.md tells how to use it.
 */
import { onApi } from "./api.ts";
import { Archives } from "./archives.ts";
import { HashCache } from "./content.ts";
import { type EmulatedDataset, Shelf } from "./datasets.ts";
import { Dice, type Faults, noFaults } from "./faults.ts";
import { Links } from "./links.ts";
import type { SeenRequest, State } from "./state.ts";
import { serveStorage } from "./storage.ts";

export interface EmulatorOptions {
  /** By owner/slug; may be changed while it runs. */
  datasets?: Record<string, EmulatedDataset>;
  /** A folder of data sets, `owner/slug/`. */
  root?: string;
  /** Of the API; 0, the default, takes any free one (kagglehub's TEST environment wants 7777). */
  port?: number;
  storagePort?: number;
  /** Where to listen. */
  host?: string;
  faults?: Partial<Faults>;
}

export interface Emulator {
  url: string;
  /** host:port of the storage. */
  storageHost: string;
  datasets: Record<string, EmulatedDataset>;
  /** What arrived, oldest first. */
  seen: SeenRequest[];
  faults: Faults;
  /** Ends all links that were given so far. */
  expireLinks(): void;
  /** Ends what is still open, and removes what was packed. */
  close(): Promise<void>;
}

/** @throws Deno.errors.AddrInUse when a port is taken */
export function startEmulator(options: EmulatorOptions = {}): Emulator {
  const { port = 0, storagePort = 0, host = "127.0.0.1" } = options;
  const datasets = { ...options.datasets };
  const listener = Deno.listen({ hostname: host, port: storagePort });
  const isEverywhere = host === "0.0.0.0" || host === "::";
  const name = isEverywhere ? "localhost" : host.includes(":") ? `[${host}]` : host;
  const state: State = {
    shelf: new Shelf(datasets, options.root ?? null),
    faults: { ...noFaults(), ...options.faults },
    dice: new Dice(),
    seen: [],
    links: new Links(),
    archives: new Archives(),
    hashes: new HashCache(),
    generations: new Map(),
    storagePort: listener.addr.port,
  };
  let api: Deno.HttpServer<Deno.NetAddr>;
  try {
    api = Deno.serve({ hostname: host, port, onListen: () => {} }, (request) => onApi(state, request));
  } catch (error) {
    listener.close();
    throw error;
  }
  const talks = serveStorage(state, listener);
  return {
    url: `http://${name}:${api.addr.port}`,
    storageHost: `${name}:${state.storagePort}`,
    datasets,
    seen: state.seen,
    faults: state.faults,
    expireLinks: () => state.links.expireAll(),
    async close() {
      listener.close();
      await Promise.all([api.shutdown(), talks]);
      await state.archives.close();
    },
  };
}
