/**
 * What a supervisor and a replica say to each other.
 *
 * Start, over pipes: the replica reads one line of JSON (ReplicaStart) and then the artifact's bytes from stdin. It
 * checks the model, opens its control door and prints a ReplicaLine with the door's port. The supervisor writes
 * that port down, brings through the door what else the traffic wants, and answers with GO; only then does the replica open its public port and print `ready`. So a
 * replica that no supervisor knows of never takes traffic: its stdin ends when the supervisor dies, and it exits.
 *
 * Later, over the control door (HTTP on loopback, with the token in CONTROL_HEADER): a door and not a pipe, since
 * pipes die with the supervisor, while its successor can knock at the door and go on without a gap.
 */
import { canonicalJson, sha256Hex } from "./hash.ts";
import type { HistogramWire } from "./latency_histogram.ts";
import type { WireError } from "./errors.ts";

export const CONTROL_HEADER = "x-mlmcp-control";
export const GO = "go\n";

/** The first line on a replica's stdin. */
export interface ReplicaStart {
  endpoint: string;
  replica_id: string;
  host: string;
  port: number;
  /** Several replicas share the port, and the kernel spreads connections over them. */
  reuse_port: boolean;
  /** No replica of this endpoint serves yet: the port must be nobody's, not even another home's replicas'. */
  first: boolean;
  control_token: string;
  model_id: string;
  /** Which deployment of the endpoint this is: 1, 2, 3, … */
  version: number;
  /** How many bytes follow the line. */
  artifact_bytes: number;
  access: AccessSettings;
  /** Certificate chain and private key as PEM text: https then; null for http. Never written anywhere. */
  tls: { cert: string; key: string } | null;
  limits: HttpLimits;
  /** It drains and exits when no control request came for this long. */
  orphan_grace_s: number;
}

/** Who may ask, how often and how much: changed in place by POST /control/access. */
export interface AccessSettings {
  auth: "none" | "api_key";
  keys: AccessKey[];
  /** This replica's share; null for no limit. */
  rate_limit_per_s: number | null;
  /** Origins whose pages may ask, such as https://app.example; "*" for all. Empty: only the endpoint's own pages. */
  allowed_origins: string[];
  max_body_bytes: number;
  /** Prediction requests that may wait for their turn; beyond these, 503. */
  max_waiting: number;
}

/** By which a supervisor sees whether a replica goes by these settings. */
export function accessHash(settings: AccessSettings): string {
  return sha256Hex(new TextEncoder().encode(canonicalJson(settings)));
}

export interface AccessKey {
  key_id: string;
  /** SHA-256 of the key, hex. */
  sha256: string;
  /** This replica's share of the key's own limit; null for none. */
  rate_limit_per_s: number | null;
  /** Milliseconds since 1970 from which it opens nothing; null for never. */
  expires_ms: number | null;
}

/** What one client may take of a replica's connections. */
export interface HttpLimits {
  /** Open connections; beyond these, the one that has waited longest without a request makes room. */
  max_connections: number;
  /** From the connection, or from the first byte of a later request, to the end of its head. */
  header_timeout_ms: number;
  /** Between an answer and the first byte of the next request. */
  idle_timeout_ms: number;
  /** To send a body, and to take an answer. */
  transfer_timeout_ms: number;
  /** Bytes of bodies that are not complete yet, all connections together. */
  max_pending_bytes: number;
}

/** The lines on a replica's stdout: `checked`, then `ready`; or one that says why not. */
export type ReplicaLine =
  | { state: "checked"; control_port: number; pid: number }
  | { state: "ready" }
  | { state: "failed"; error: WireError };

/**
 * POST /control/traffic: which of the models that a replica holds answers. Versions are deployments of the
 * endpoint. What was prepared and is not named is dropped.
 */
export interface TrafficPlan {
  primary: number;
  /** Takes this share of the requests, between 0 and 1, from the primary. */
  canary: { version: number; weight: number } | null;
  /** Is asked too what the primary answers, after the caller has heard it. May be the canary. */
  shadow: number | null;
  /** Requests that carry this header go by its value, so that a caller stays with one model. */
  sticky_header: string | null;
}

/** All requests to one version. */
export function plainTraffic(version: number): TrafficPlan {
  return { primary: version, canary: null, shadow: null, sticky_header: null };
}

export interface HeldModel {
  version: number;
  model_id: string;
  artifact_sha256: string;
}

/** GET /control/status */
export interface ReplicaStatus {
  endpoint: string;
  replica_id: string;
  pid: number;
  state: "checked" | "ready" | "draining";
  /** The primary. */
  model_id: string;
  version: number;
  artifact_sha256: string;
  traffic: TrafficPlan;
  /** All that it holds, the primary first. */
  models: HeldModel[];
  uptime_s: number;
  /** SHA-256 of the AccessSettings it goes by, as canonical JSON. */
  access_sha256: string;
  in_flight: number;
  /** Of these, prediction requests that wait for their turn. */
  waiting: number;
  connections: number;
  /** Share of its time that it was busy, over the last two seconds. Missing from an earlier mlmcp. */
  utilization?: number;
  /** Of the certificate it serves with, as PEM text; null without TLS. */
  tls_cert_sha256: string | null;
  counters: ReplicaCounters;
  /** The last unexpected error, for the supervisor's log: the replica itself can't write one. */
  last_error: string | null;
}

/** Counts of one version, or of all together. */
export interface Counted {
  /** Prediction requests that were answered, by HTTP status. */
  by_status: Record<string, number>;
  rows: number;
  latency: HistogramWire;
}

/** What a version counted as a shadow: it answered after, and beside, the version that the caller heard. */
export interface CountedShadow {
  /** Requests that it answered too. */
  requests: number;
  /** Requests that it failed on. */
  failures: number;
  /** Requests that it was not asked, since it could not keep up. */
  dropped: number;
  /** Rows that both answered. */
  rows: number;
  /** Of these, with another class, or with numbers further apart than the tolerance. */
  differing: number;
  /** Sum over the rows: of |difference| of numbers, or of half the sum of |differences| of class probabilities. */
  abs_difference: number;
  latency: HistogramWire;
}

export interface CountedVersion extends Counted {
  /** null when it was never a shadow. */
  shadow: CountedShadow | null;
}

/** The version of requests that were refused before a model was chosen for them. */
export const NO_VERSION = 0;

/** `by_status`, `rows` and `latency` are of all versions together. */
export interface ReplicaCounters extends Counted {
  /** Of the last ten seconds. */
  per_s: number;
  /** Prediction requests by the id of the key they carried. Missing in counters that an earlier mlmcp kept. */
  by_key?: Record<string, number>;
  /** By deployment version, and NO_VERSION. Missing in counters that an earlier mlmcp kept. */
  by_version?: Record<string, CountedVersion>;
}

/**
 * The version that POST /control/prepare brings, as headers beside the artifact's bytes; while a replica holds more
 * than one model, VERSION_HEADER also says on every prediction which deployment's it was, and a request that carries
 * it is answered by that one.
 */
export const MODEL_HEADER = "x-mlmcp-model";
export const VERSION_HEADER = "x-mlmcp-version";
