/** What is wanted and what was done, in the state database: endpoints, deployments (their history) and replicas. */
import type { DatabaseSync } from "node:sqlite";
import type { WireError } from "@/shared/errors.ts";
import type { CountedVersion, ReplicaCounters } from "@/shared/replica_protocol.ts";
import type { PromotionRules } from "./promotion_rules.ts";

export const TABLES = [
  `CREATE TABLE endpoint (
     name TEXT PRIMARY KEY, host TEXT NOT NULL, port INTEGER NOT NULL UNIQUE,
     auth TEXT NOT NULL, api_key_sha256 TEXT, test_key TEXT NOT NULL, rate_limit_per_s REAL,
     replicas INTEGER NOT NULL, desired TEXT NOT NULL CHECK (desired IN ('running', 'stopped', 'deleted')),
     live_version INTEGER, error TEXT, retired TEXT, created_at TEXT NOT NULL, created_by TEXT NOT NULL);
   CREATE TABLE deployment (
     deployment_id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, version INTEGER NOT NULL, model_id TEXT NOT NULL,
     artifact_sha256 TEXT NOT NULL, environment TEXT NOT NULL, gate_id TEXT, caller TEXT NOT NULL,
     action TEXT NOT NULL CHECK (action IN ('deploy', 'update', 'rollback')), previous_desired TEXT NOT NULL,
     status TEXT NOT NULL CHECK (status IN ('pending', 'live', 'superseded', 'stopped', 'failed')), error TEXT,
     created_at TEXT NOT NULL, served_from TEXT, served_until TEXT, UNIQUE (endpoint, version));
   CREATE UNIQUE INDEX deployment_pending ON deployment (endpoint) WHERE status = 'pending';
   CREATE UNIQUE INDEX deployment_live ON deployment (endpoint) WHERE status = 'live';
   CREATE TABLE replica (
     replica_id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, slot INTEGER NOT NULL, pid INTEGER,
     control_port INTEGER, control_token TEXT NOT NULL, version INTEGER NOT NULL, status TEXT NOT NULL,
     restarts INTEGER NOT NULL, started_at TEXT NOT NULL, counters TEXT, UNIQUE (endpoint, slot));`,
  // SQLite can't change a CHECK: the table is made anew.
  `CREATE TABLE deployment_next (
     deployment_id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, version INTEGER NOT NULL, model_id TEXT NOT NULL,
     artifact_sha256 TEXT NOT NULL, environment TEXT NOT NULL, gate_id TEXT, caller TEXT NOT NULL,
     action TEXT NOT NULL CHECK (action IN ('deploy', 'update', 'rollback')), previous_desired TEXT NOT NULL,
     status TEXT NOT NULL CHECK (status IN
       ('pending', 'live', 'canary', 'shadow', 'superseded', 'aborted', 'stopped', 'failed')), error TEXT,
     created_at TEXT NOT NULL, served_from TEXT, served_until TEXT,
     strategy TEXT NOT NULL DEFAULT 'replace' CHECK (strategy IN ('replace', 'canary', 'shadow')),
     weight REAL CHECK (weight > 0 AND weight < 1), sticky_header TEXT, rules TEXT, step_from TEXT,
     step_counters TEXT, UNIQUE (endpoint, version));
   INSERT INTO deployment_next (deployment_id, endpoint, version, model_id, artifact_sha256, environment, gate_id,
     caller, action, previous_desired, status, error, created_at, served_from, served_until)
   SELECT deployment_id, endpoint, version, model_id, artifact_sha256, environment, gate_id, caller, action,
     previous_desired, status, error, created_at, served_from, served_until FROM deployment;
   DROP TABLE deployment;
   ALTER TABLE deployment_next RENAME TO deployment;
   CREATE UNIQUE INDEX deployment_pending ON deployment (endpoint) WHERE status = 'pending';
   CREATE UNIQUE INDEX deployment_live ON deployment (endpoint) WHERE status = 'live';
   CREATE UNIQUE INDEX deployment_challenger ON deployment (endpoint) WHERE status IN ('canary', 'shadow');
   CREATE TABLE deployment_event (
     event_id INTEGER PRIMARY KEY, at TEXT NOT NULL, endpoint TEXT NOT NULL, event TEXT NOT NULL, version INTEGER,
     model_id TEXT, caller TEXT NOT NULL, gate_id TEXT, detail TEXT NOT NULL);
   CREATE INDEX deployment_event_endpoint ON deployment_event (endpoint, event_id);`,
  `CREATE TABLE api_key (
     key_id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE,
     rate_limit_per_s REAL, created_at TEXT NOT NULL, created_by TEXT NOT NULL, expires_at TEXT, revoked_at TEXT);
   CREATE INDEX api_key_endpoint ON api_key (endpoint);
   INSERT INTO api_key (key_id, endpoint, name, sha256, created_at, created_by)
     SELECT 'key_' || lower(hex(randomblob(6))), name, 'first', api_key_sha256, created_at, created_by
     FROM endpoint WHERE api_key_sha256 IS NOT NULL;
   ALTER TABLE endpoint DROP COLUMN api_key_sha256;
   ALTER TABLE endpoint ADD COLUMN allowed_origins TEXT NOT NULL DEFAULT '[]';
   ALTER TABLE endpoint ADD COLUMN max_body_mb REAL NOT NULL DEFAULT 8;
   ALTER TABLE endpoint ADD COLUMN max_waiting INTEGER NOT NULL DEFAULT 512;
   ALTER TABLE endpoint ADD COLUMN tls INTEGER NOT NULL DEFAULT 0;`,
  `ALTER TABLE endpoint ADD COLUMN min_replicas INTEGER;
   ALTER TABLE endpoint ADD COLUMN max_replicas INTEGER;
   ALTER TABLE endpoint ADD COLUMN idle_s REAL;`,
];

export interface EndpointRow {
  name: string;
  host: string;
  port: number;
  auth: "none" | "api_key";
  /** Opens the endpoint for test_endpoint when it has an API key; never leaves this machine. */
  test_key: string;
  rate_limit_per_s: number | null;
  /** Origins whose pages may ask it; "*" for all. */
  allowed_origins: string[];
  max_body_mb: number;
  /** Prediction requests that may wait in one replica. */
  max_waiting: number;
  /** Served as https. */
  tls: boolean;
  /** Wanted now: by a person, or within the range by the load. */
  replicas: number;
  /** The range that the load may choose from; all three are null when the number is fixed. */
  min_replicas: number | null;
  max_replicas: number | null;
  /** Without a prediction request for so long, in seconds, nothing runs; used when min_replicas is 0. */
  idle_s: number | null;
  desired: "running" | "stopped" | "deleted";
  live_version: number | null;
  /** Why it does not run as wanted; null when it does. */
  error: WireError | null;
  /** Counters of replicas that are gone. */
  retired: ReplicaCounters | null;
  created_at: string;
  created_by: string;
}

/** A key that opens an endpoint, or did; of the key itself only its hash is known. */
export interface ApiKeyRow {
  key_id: string;
  endpoint: string;
  name: string;
  sha256: string;
  rate_limit_per_s: number | null;
  created_at: string;
  created_by: string;
  expires_at: string | null;
  revoked_at: string | null;
}

export interface DeploymentRow {
  deployment_id: string;
  endpoint: string;
  version: number;
  model_id: string;
  artifact_sha256: string;
  environment: string;
  gate_id: string | null;
  caller: string;
  action: "deploy" | "update" | "rollback";
  /** What the endpoint was wanted to do before, to go back to when this one fails. */
  previous_desired: "running" | "stopped";
  /** At most one of an endpoint is pending, one live, and one its challenger: a canary or a shadow. */
  status: DeploymentStatus;
  error: WireError | null;
  created_at: string;
  served_from: string | null;
  served_until: string | null;
  /** How it was to take over. */
  strategy: Strategy;
  /** A canary's share of the requests; null for any other. */
  weight: number | null;
  /** Callers that send this header stay with one model while it is a canary. */
  sticky_header: string | null;
  /** What decides over a challenger without a person; null: nothing does. */
  rules: PromotionRules | null;
  /** What was counted when the present step began, at `step_from`; null: the supervisor's next look writes it. */
  step_counters: StepCounters | null;
  step_from: string | null;
}

export type Strategy = "replace" | "canary" | "shadow";
export type DeploymentStatus =
  | "pending"
  | "live"
  | "canary"
  | "shadow"
  | "superseded"
  | "aborted"
  | "stopped"
  | "failed";

/** Of the whole endpoint, at one moment. */
export interface StepCounters {
  challenger: CountedVersion | null;
  primary: CountedVersion | null;
}

/** One thing that happened to an endpoint, kept for ever. */
export interface EventRow {
  event_id: number;
  at: string;
  endpoint: string;
  event: DeploymentEvent;
  /** The deployment that it is about; null: the endpoint itself. */
  version: number | null;
  model_id: string | null;
  /** Who wanted it: the subject of a token, local, or the rules. */
  caller: string;
  gate_id: string | null;
  /** Weights before and after, reasons, and the numbers that a decision was made with. */
  detail: Record<string, unknown>;
}

export type DeploymentEvent =
  | "created"
  | "wanted"
  | "live"
  | "canary"
  | "shadow"
  | "weight"
  | "passed"
  | "promoted"
  | "aborted"
  | "failed"
  | "scaled"
  | "stopped"
  | "deleted";

export interface ReplicaRow {
  replica_id: string;
  endpoint: string;
  /** 1, 2, 3, …: a replica that is started again keeps its slot. */
  slot: number;
  pid: number | null;
  /** null until the process has told it; a process without one never takes traffic. */
  control_port: number | null;
  control_token: string;
  version: number;
  status: "starting" | "ready" | "draining";
  restarts: number;
  started_at: string;
  counters: ReplicaCounters | null;
}

const JSON_FIELDS = ["error", "retired", "counters", "rules", "step_counters", "detail", "allowed_origins"];

function decode<T>(row: unknown): T {
  const decoded = { ...row as Record<string, unknown> };
  for (const field of JSON_FIELDS) {
    if (typeof decoded[field] === "string") decoded[field] = JSON.parse(decoded[field]);
  }
  if ("tls" in decoded) decoded.tls = decoded.tls === 1;
  return decoded as T;
}

function encode(value: unknown): string | number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return Number(value);
  return typeof value === "object" ? JSON.stringify(value) : value as string | number;
}

/** Plain reading and writing of rows; what a change means stands in changes.ts. */
export class Records {
  constructor(readonly db: DatabaseSync) {}

  close(): void {
    this.db.close();
  }

  endpoints(): EndpointRow[] {
    return this.db.prepare("SELECT * FROM endpoint ORDER BY name").all().map((row) =>
      decode<EndpointRow>(row)
    );
  }

  endpoint(name: string): EndpointRow | null {
    const row = this.db.prepare("SELECT * FROM endpoint WHERE name = ?").get(name);
    return row ? decode<EndpointRow>(row) : null;
  }

  deployment(deployment_id: string): DeploymentRow | null {
    const row = this.db.prepare("SELECT * FROM deployment WHERE deployment_id = ?").get(deployment_id);
    return row ? decode<DeploymentRow>(row) : null;
  }

  version(endpoint: string, version: number): DeploymentRow | null {
    const row = this.db.prepare("SELECT * FROM deployment WHERE endpoint = ? AND version = ?").get(
      endpoint,
      version,
    );
    return row ? decode<DeploymentRow>(row) : null;
  }

  pending(endpoint: string): DeploymentRow | null {
    const row = this.db.prepare("SELECT * FROM deployment WHERE endpoint = ? AND status = 'pending'").get(
      endpoint,
    );
    return row ? decode<DeploymentRow>(row) : null;
  }

  live(endpoint: string): DeploymentRow | null {
    const row = this.db.prepare("SELECT * FROM deployment WHERE endpoint = ? AND status = 'live'").get(
      endpoint,
    );
    return row ? decode<DeploymentRow>(row) : null;
  }

  /** The canary or the shadow. */
  challenger(endpoint: string): DeploymentRow | null {
    const row = this.db.prepare(
      "SELECT * FROM deployment WHERE endpoint = ? AND status IN ('canary', 'shadow')",
    ).get(endpoint);
    return row ? decode<DeploymentRow>(row) : null;
  }

  /** Newest first; of one endpoint, or of all, also of those that were deleted. */
  events(endpoint: string | null, limit: number): EventRow[] {
    return this.db.prepare(
      "SELECT * FROM deployment_event WHERE (?1 IS NULL OR endpoint = ?1) ORDER BY event_id DESC LIMIT ?2",
    ).all(endpoint, limit).map((row) => decode<EventRow>(row));
  }

  /** Newest first; of one endpoint, or of all, also of those that were deleted. */
  history(endpoint: string | null, offset = 0, limit = -1): DeploymentRow[] {
    return this.db.prepare(
      `SELECT * FROM deployment WHERE (?1 IS NULL OR endpoint = ?1)
       ORDER BY created_at DESC, endpoint, version DESC LIMIT ?2 OFFSET ?3`,
    ).all(endpoint, limit, offset).map((row) => decode<DeploymentRow>(row));
  }

  nextVersion(endpoint: string): number {
    const row = this.db.prepare(
      "SELECT coalesce(max(version), 0) + 1 AS next FROM deployment WHERE endpoint = ?",
    ).get(endpoint);
    return (row as { next: number }).next;
  }

  replicas(endpoint?: string): ReplicaRow[] {
    return this.db.prepare(
      "SELECT * FROM replica WHERE (?1 IS NULL OR endpoint = ?1) ORDER BY endpoint, slot",
    )
      .all(endpoint ?? null).map((row) => decode<ReplicaRow>(row));
  }

  insert(
    table: "endpoint" | "deployment" | "replica" | "deployment_event" | "api_key",
    row: EndpointRow | DeploymentRow | ReplicaRow | Omit<EventRow, "event_id"> | ApiKeyRow,
    orReplace = false,
  ): void {
    const fields = Object.keys(row);
    this.db.prepare(
      `INSERT ${orReplace ? "OR REPLACE " : ""}INTO ${table} (${fields.join(", ")}) VALUES (${
        fields.map(() => "?").join(", ")
      })`,
    ).run(...Object.values(row).map(encode));
  }

  /** Newest first, also those that open nothing any more. */
  apiKeys(endpoint: string): ApiKeyRow[] {
    return this.db.prepare("SELECT * FROM api_key WHERE endpoint = ? ORDER BY created_at DESC, rowid DESC")
      .all(endpoint).map((row) => decode<ApiKeyRow>(row));
  }

  updateApiKey(key_id: string, change: Partial<ApiKeyRow>): void {
    this.#update("api_key", "key_id", key_id, change);
  }

  updateEndpoint(name: string, change: Partial<EndpointRow>): void {
    this.#update("endpoint", "name", name, change);
  }

  updateDeployment(deployment_id: string, change: Partial<DeploymentRow>): void {
    this.#update("deployment", "deployment_id", deployment_id, change);
  }

  updateReplica(replica_id: string, change: Partial<ReplicaRow>): void {
    this.#update("replica", "replica_id", replica_id, change);
  }

  deleteReplica(replica_id: string): void {
    this.db.prepare("DELETE FROM replica WHERE replica_id = ?").run(replica_id);
  }

  deleteEndpoint(name: string): void {
    this.db.prepare("DELETE FROM api_key WHERE endpoint = ?").run(name);
    this.db.prepare("DELETE FROM endpoint WHERE name = ?").run(name);
  }

  #update(table: string, key: string, id: string, change: object): void {
    const fields = Object.keys(change);
    this.db.prepare(
      `UPDATE ${table} SET ${fields.map((field) => `${field} = ?`).join(", ")} WHERE ${key} = ?`,
    )
      .run(...Object.values(change).map(encode), id);
  }
}
