/**
 * The registry: every model ever kept, as numbered versions of a name, with where it came from.
 * Rows in the state database, the bytes in `models/<sha256>/model.safetensors`.
 */
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type Artifact, type DatasetOrigin, decodeArtifact } from "@/artifact/artifact.ts";
import { writeAtomic } from "@/shared/atomic_file.ts";
import { AppError } from "@/shared/errors.ts";
import { sha256Hex } from "@/shared/hash.ts";
import { type Home, openState, transact } from "@/shared/home.ts";

export interface ModelVersion {
  /** `iris@3`. */
  model_id: string;
  name: string;
  version: number;
  aliases: string[];
  artifact_sha256: string;
  size_bytes: number;
  algorithm: string;
  task: "classification" | "regression";
  target: string;
  params: Record<string, unknown>;
  metrics: Record<string, number | null>;
  metrics_from: string;
  baseline: Record<string, number | null>;
  /** Where the training rows came from. */
  dataset: DatasetOrigin;
  /** The sealed rows that only validating reads; null when every row was trained on. */
  holdout: Holdout | null;
  /** The model that it went on from; null for one that began anew. */
  continued_from: { model_id: string; artifact_sha256: string } | null;
  /** The job that made it; null for a loaded file. */
  job_id: string | null;
  created_at: string;
}

export interface Holdout {
  /** File under `holdouts/`, named by its content's hash. */
  sha256: string;
  rows: number;
  method: string;
}

/** What validate_model found for one artifact: the ticket for the gate. */
export interface GateReceipt {
  gate_id: string;
  model_id: string;
  artifact_sha256: string;
  metric: string;
  score: number;
  /** The threshold that was asked for; the baseline's score when none was. */
  min_score: number;
  passed: boolean;
  metrics: Record<string, number | null>;
  baseline: Record<string, number | null>;
  rows: number;
  /** `holdout`, or the ref of the data set that was given. */
  validated_on: string;
  dataset_sha256: string;
  caller: string;
  created_at: string;
}

const TABLES = [
  `CREATE TABLE model_version (
     name TEXT NOT NULL, version INTEGER NOT NULL, artifact_sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL,
     algorithm TEXT NOT NULL, task TEXT NOT NULL, target TEXT NOT NULL, params TEXT NOT NULL,
     metrics TEXT NOT NULL, metrics_from TEXT NOT NULL, baseline TEXT NOT NULL, dataset TEXT NOT NULL,
     holdout TEXT, job_id TEXT UNIQUE, created_at TEXT NOT NULL, PRIMARY KEY (name, version));
   CREATE TABLE model_alias (
     name TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (name, alias),
     FOREIGN KEY (name, version) REFERENCES model_version (name, version));
   CREATE TABLE gate_receipt (
     gate_id TEXT PRIMARY KEY, model_id TEXT NOT NULL, artifact_sha256 TEXT NOT NULL, metric TEXT NOT NULL,
     score REAL NOT NULL, min_score REAL NOT NULL, passed INTEGER NOT NULL, metrics TEXT NOT NULL,
     baseline TEXT NOT NULL, rows INTEGER NOT NULL, validated_on TEXT NOT NULL, dataset_sha256 TEXT NOT NULL,
     caller TEXT NOT NULL, created_at TEXT NOT NULL);`,
  "ALTER TABLE model_version ADD COLUMN continued_from TEXT;",
];

/** What a model name may be: it becomes part of URLs and endpoint names. */
export const MODEL_NAME = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/;

/** Any text as a model name: `Iris (2 classes)` becomes `iris-2-classes`. */
export function modelNameFrom(text: string): string {
  const name = text.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(
    0,
    64,
  );
  return name.replace(/-+$/, "") || "model";
}

export interface Registry {
  /**
   * Keeps a model as the next version of a name. Asked twice for one job, it keeps one version.
   * @throws AppError data_loss for bytes that are no model, invalid_argument for a bad name
   */
  add(
    name: string,
    bytes: Uint8Array,
    origin?: Partial<Pick<ModelVersion, "job_id" | "holdout" | "continued_from">>,
  ): Promise<ModelVersion>;
  /** @param modelId `name@version`, `name@alias`, or `name` for the newest. @throws AppError not_found */
  find(modelId: string): ModelVersion;
  /** Newest first. */
  list(filter?: { name?: string; task?: string; offset?: number; limit?: number }): ModelVersion[];
  /** @throws AppError data_loss when the file is gone or is not what was kept */
  bytes(model: ModelVersion): Uint8Array;
  artifact(model: ModelVersion): Artifact;
  setAlias(modelId: string, alias: string): void;
  addReceipt(receipt: Omit<GateReceipt, "gate_id" | "created_at">): GateReceipt;
  receipt(gate_id: string): GateReceipt | null;
  receiptsOf(artifact_sha256: string): GateReceipt[];
  close(): void;
}

export function openRegistry(home: Home): Registry {
  const db = openState(home, "registry", TABLES);
  const fileOf = (sha256: string) => join(home.models, sha256, "model.safetensors");
  // Decoding checks everything, so a model in use is decoded once.
  const decoded = new Map<string, Artifact>();

  const registry: Registry = {
    async add(name, bytes, origin = {}) {
      if (!MODEL_NAME.test(name)) {
        throw new AppError("invalid_argument", `Cannot keep a model as "${name}": that is no model name`, {
          hint: "Use 1 to 64 small letters, digits, - and _, with a letter or digit at both ends.",
        });
      }
      const artifact = decodeArtifact(bytes);
      const path = fileOf(artifact.sha256);
      await Deno.mkdir(join(home.models, artifact.sha256), { recursive: true });
      await writeAtomic(path, bytes);
      return transact(db, () => {
        if (origin.job_id) {
          const known = db.prepare("SELECT * FROM model_version WHERE job_id = ?").get(origin.job_id);
          if (known) return rowToModel(db, known as unknown as Row);
        }
        const { next } = db.prepare(
          "SELECT coalesce(max(version), 0) + 1 AS next FROM model_version WHERE name = ?",
        ).get(name) as { next: number };
        const { pipeline } = artifact;
        db.prepare(
          `INSERT INTO model_version (name, version, artifact_sha256, size_bytes, algorithm, task, target, params,
             metrics, metrics_from, baseline, dataset, holdout, continued_from, job_id, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ).run(
          name,
          next,
          artifact.sha256,
          bytes.length,
          pipeline.algorithm,
          pipeline.task,
          pipeline.target.name,
          JSON.stringify(pipeline.params),
          JSON.stringify(artifact.metrics),
          artifact.metrics_from,
          JSON.stringify(artifact.baseline.metrics),
          JSON.stringify(artifact.dataset),
          origin.holdout ? JSON.stringify(origin.holdout) : null,
          origin.continued_from ? JSON.stringify(origin.continued_from) : null,
          origin.job_id ?? null,
          new Date().toISOString(),
        );
        return findVersion(db, name, next)!;
      });
    },

    find(modelId) {
      const at = modelId.lastIndexOf("@");
      const [name, which] = at < 0 ? [modelId, "latest"] : [modelId.slice(0, at), modelId.slice(at + 1)];
      const found = /^\d+$/.test(which)
        ? findVersion(db, name, Number(which))
        : which === "latest"
        ? latest(db, name)
        : byAlias(db, name, which);
      if (found) return found;
      const newest = latest(db, name);
      throw new AppError(
        "not_found",
        `Cannot find model "${modelId}": ${newest ? `${name} has no ${which}` : "no model has that name"}`,
        {
          hint: newest
            ? `The newest is ${newest.model_id}.`
            : `${namesIn(db)} list_trained_models shows all.`,
        },
      );
    },

    list({ name, task, offset = 0, limit = 50 } = {}) {
      const rows = db.prepare(
        `SELECT * FROM model_version WHERE (?1 IS NULL OR name = ?1) AND (?2 IS NULL OR task = ?2)
         ORDER BY created_at DESC, name, version DESC LIMIT ?3 OFFSET ?4`,
      ).all(name ?? null, task ?? null, limit, offset);
      return (rows as unknown as Row[]).map((row) => rowToModel(db, row));
    },

    bytes(model) {
      const path = fileOf(model.artifact_sha256);
      const lost = (state: string) =>
        new AppError("data_loss", `Cannot read model ${model.model_id}: ${state}`, {
          hint: `Restore ${path} from a copy, load a saved file with load_model, or train again.`,
        });
      let bytes: Uint8Array;
      try {
        bytes = Deno.readFileSync(path);
      } catch (error) {
        throw lost(error instanceof Deno.errors.NotFound ? "its file is gone" : (error as Error).message);
      }
      if (sha256Hex(bytes) !== model.artifact_sha256) throw lost("its file was changed since it was kept");
      return bytes;
    },

    artifact(model) {
      const known = decoded.get(model.artifact_sha256);
      if (known) return known;
      const artifact = decodeArtifact(registry.bytes(model));
      if (decoded.size >= 8) decoded.delete(decoded.keys().next().value!);
      decoded.set(model.artifact_sha256, artifact);
      return artifact;
    },

    setAlias(modelId, alias) {
      if (!/^[a-z][a-z0-9_-]{0,62}$/.test(alias) || alias === "latest") {
        throw new AppError(
          "invalid_argument",
          `Cannot give the alias "${alias}": it must be a small word, and not "latest"`,
        );
      }
      const model = registry.find(modelId);
      db.prepare(
        `INSERT INTO model_alias (name, alias, version) VALUES (?, ?, ?)
         ON CONFLICT (name, alias) DO UPDATE SET version = excluded.version`,
      ).run(model.name, alias, model.version);
    },

    addReceipt(receipt) {
      const gate_id = `gate_${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;
      const created_at = new Date().toISOString();
      db.prepare(
        `INSERT INTO gate_receipt (gate_id, model_id, artifact_sha256, metric, score, min_score, passed, metrics,
           baseline, rows, validated_on, dataset_sha256, caller, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        gate_id,
        receipt.model_id,
        receipt.artifact_sha256,
        receipt.metric,
        receipt.score,
        receipt.min_score,
        receipt.passed ? 1 : 0,
        JSON.stringify(receipt.metrics),
        JSON.stringify(receipt.baseline),
        receipt.rows,
        receipt.validated_on,
        receipt.dataset_sha256,
        receipt.caller,
        created_at,
      );
      return { ...receipt, gate_id, created_at };
    },

    receipt(gate_id) {
      const row = db.prepare("SELECT * FROM gate_receipt WHERE gate_id = ?").get(gate_id);
      return row ? rowToReceipt(row as unknown as ReceiptRow) : null;
    },

    receiptsOf(artifact_sha256) {
      const rows = db.prepare(
        "SELECT * FROM gate_receipt WHERE artifact_sha256 = ? ORDER BY created_at DESC LIMIT 20",
      )
        .all(artifact_sha256);
      return (rows as unknown as ReceiptRow[]).map(rowToReceipt);
    },

    close: () => db.close(),
  };
  return registry;
}

type Row = Record<"name" | "artifact_sha256" | "algorithm" | "target" | "params" | "metrics", string> & {
  version: number;
  size_bytes: number;
  task: ModelVersion["task"];
  metrics_from: string;
  baseline: string;
  dataset: string;
  holdout: string | null;
  continued_from: string | null;
  job_id: string | null;
  created_at: string;
};

function rowToModel(db: DatabaseSync, row: Row): ModelVersion {
  const aliases = db.prepare("SELECT alias FROM model_alias WHERE name = ? AND version = ? ORDER BY alias")
    .all(row.name, row.version) as { alias: string }[];
  return {
    model_id: `${row.name}@${row.version}`,
    name: row.name,
    version: row.version,
    aliases: aliases.map(({ alias }) => alias),
    artifact_sha256: row.artifact_sha256,
    size_bytes: row.size_bytes,
    algorithm: row.algorithm,
    task: row.task,
    target: row.target,
    params: JSON.parse(row.params),
    metrics: JSON.parse(row.metrics),
    metrics_from: row.metrics_from,
    baseline: JSON.parse(row.baseline),
    dataset: JSON.parse(row.dataset),
    holdout: row.holdout ? JSON.parse(row.holdout) : null,
    continued_from: row.continued_from ? JSON.parse(row.continued_from) : null,
    job_id: row.job_id,
    created_at: row.created_at,
  };
}

type ReceiptRow = Omit<GateReceipt, "passed" | "metrics" | "baseline"> & {
  passed: number;
  metrics: string;
  baseline: string;
};

function rowToReceipt(row: ReceiptRow): GateReceipt {
  return {
    ...row,
    passed: row.passed === 1,
    metrics: JSON.parse(row.metrics),
    baseline: JSON.parse(row.baseline),
  };
}

function findVersion(db: DatabaseSync, name: string, version: number): ModelVersion | null {
  const row = db.prepare("SELECT * FROM model_version WHERE name = ? AND version = ?").get(name, version);
  return row ? rowToModel(db, row as unknown as Row) : null;
}

function latest(db: DatabaseSync, name: string): ModelVersion | null {
  const row = db.prepare("SELECT * FROM model_version WHERE name = ? ORDER BY version DESC LIMIT 1").get(
    name,
  );
  return row ? rowToModel(db, row as unknown as Row) : null;
}

function byAlias(db: DatabaseSync, name: string, alias: string): ModelVersion | null {
  const row = db.prepare("SELECT version FROM model_alias WHERE name = ? AND alias = ?").get(name, alias) as
    | { version: number }
    | undefined;
  return row ? findVersion(db, name, row.version) : null;
}

function namesIn(db: DatabaseSync): string {
  const rows = db.prepare("SELECT DISTINCT name FROM model_version ORDER BY name LIMIT 20").all() as {
    name: string;
  }[];
  return rows.length > 0
    ? `There are: ${rows.map(({ name }) => name).join(", ")}.`
    : "None has been trained yet.";
}
