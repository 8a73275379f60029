/**
 * What a supervisor and a replica say about predictions, once a look: POST /control/watch brings what the whole
 * endpoint has come to, and takes away what the replica has seen since. A replica has no right to any disk or host,
 * so all that is to be kept or compared goes this way.
 */
import type { ReplicaCounters } from "@/shared/replica_protocol.ts";
import type { TallyWire } from "./tally.ts";
import type { WatchReport } from "./watch_report.ts";

export interface WatchRequest {
  /** The last batch that came through; it is forgotten, any other is brought again. */
  seen: number;
  settings: WatchSettings;
  /** null: a replica that has no supervisor asks itself. */
  published: Published | null;
  /** For callers who wait to hear it: the ticket of a label, and whether it met a prediction. */
  joined: [ticket: number, matched: boolean][];
}

/** The same for all replicas of an endpoint. */
export interface WatchSettings {
  /** Of the requests, by a hash of their id, so many are kept to be compared with the truth. */
  keep_share: number;
  /** Of the requests, by the same hash, so many go to the prediction log. */
  log_share: number;
  /** The log tells the inputs. */
  log_inputs: boolean;
  /** Columns that the log never tells. */
  log_omit: readonly string[];
}

/** What any replica can tell of the whole endpoint. */
export interface Published {
  /** Unix seconds. */
  at_s: number;
  /** Of all replicas, those that are gone too, as they were at the last look. */
  counters: ReplicaCounters;
  in_flight: number;
  replicas_ready: number;
  restarts: number;
  report: WatchReport;
}

export interface WatchBatch {
  /** 1, 2, 3, … */
  seq: number;
  tallies: Record<string, TallyWire>;
  records: PredictionRecord[];
  feedback: FeedbackEntry[];
  /** Records that found no more room. */
  dropped_records: number;
}

/** One row's prediction. */
export interface PredictionRecord {
  request_id: string;
  /** From 0. */
  row: number;
  /** Unix milliseconds. */
  at_ms: number;
  version: number;
  prediction: string | number;
  /** Of at most 20 classes. */
  probabilities?: Record<string, number>;
  /** It is one for the log; with the inputs, if those are told. */
  log?: { inputs?: unknown };
  /** It is one to be compared with the truth. */
  keep: boolean;
}

/** What was true of a row. */
export interface FeedbackEntry {
  request_id: string;
  row: number;
  actual: string | number;
  /** A caller waits to hear whether it met a prediction; a number of its replica. */
  ticket?: number;
}

/**
 * The place of a request between 0 and 1, the same in every replica.
 * Source: FNV-1a (Fowler, Noll and Vo) with the last mixing of MurmurHash3 (A. Appleby), both public domain.
 */
export function placeOfRequest(request_id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < request_id.length; i++) hash = Math.imul(hash ^ request_id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return ((hash ^ hash >>> 16) >>> 0) / 2 ** 32;
}
