/** What the tools of the training-server share. */
import { basename } from "node:path";
import type { CommandContext } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import { sha256Hex } from "@/shared/hash.ts";
import type { Log } from "@/shared/log.ts";
import { resolveDataset } from "@/dataset/store.ts";
import { type LearningPool, openPool } from "@/jobs/learning_pool.ts";
import { type JobQueue, openQueue } from "@/jobs/queue.ts";
import { type JobRunner, startRunner } from "@/jobs/runner.ts";
import { openRegistry, type Registry } from "@/registry/registry.ts";
import type { OpenServices } from "../serve.ts";

/** A table as it was named in a call, with where it comes from. */
export interface FoundDataset {
  file_name: string;
  bytes: Uint8Array;
  sha256: string;
  ref: string;
  version: string | null;
  license: string | null;
  /** The known target of a sample or a data set in the store. */
  target: string | null;
}

export interface TrainingServices {
  command: CommandContext;
  registry: Registry;
  queue: JobQueue;
  runner: JobRunner;
  pool: LearningPool;
  cores: number;
  /** @throws AppError not_found, permission_denied, naming what was looked for */
  findDataset(dataset: string): Promise<FoundDataset>;
}

export function openTrainingServices(
  command: CommandContext,
  log: Log,
): OpenServices<TrainingServices> {
  const cores = navigator.hardwareConcurrency || 1;
  const { state } = Deno.permissions.querySync({ name: "read", path: command.home.holdouts });
  log.info("rights", { may_read_sealed_rows: state === "granted" });
  const registry = openRegistry(command.home);
  const queue = openQueue(command.home);
  const { holdouts } = command;
  if (!holdouts) {
    throw new AppError("permission_denied", "Cannot train: this command may keep no sealed rows");
  }
  const pool = openPool(cores, log, holdouts);
  const findDataset = (dataset: string) => findDatasetBy(command, dataset);
  const runner = startRunner({
    holdouts,
    queue,
    pool,
    registry,
    log,
    at_once: command.config["training.jobs_at_once"] || cores,
    readDataset: (request) => findDataset(request.dataset),
  });
  const services: TrainingServices = { command, registry, queue, runner, pool, cores, findDataset };
  return {
    services,
    async close() {
      await runner.close();
      pool.close();
      queue.close();
      registry.close();
    },
  };
}

async function findDatasetBy(command: CommandContext, dataset: string): Promise<FoundDataset> {
  const stored = await resolveDataset(command.home.datasets, dataset);
  if (stored) return { ...stored, file_name: stored.name };
  try {
    return await readByPath(command, dataset);
  } catch (error) {
    // Two words and a slash are more likely a data set that was never downloaded than a file.
    if (!(error instanceof AppError && error.code === "not_found" && /^[\w-]+\/[\w-]+$/.test(dataset))) {
      throw error;
    }
    throw new AppError(
      "not_found",
      `Cannot find dataset ${dataset}: no file, no sample and no stored dataset`,
      {
        hint: "Download it first with download_dataset, or give the path of a file.",
      },
    );
  }
}

async function readByPath(command: CommandContext, dataset: string): Promise<FoundDataset> {
  const { door } = command;
  if (!door) {
    throw new AppError("permission_denied", `Cannot read ${dataset}: this server may not read files by path`);
  }
  const home = command.env.HOME;
  const path = home && /^~[/\\]/.test(dataset) ? `${home}${dataset.slice(1)}` : dataset;
  const found = await door.findTables(path);
  if (found.length !== 1) {
    throw new AppError(
      found.length === 0 ? "not_found" : "invalid_argument",
      `Cannot choose a table in ${path}: it holds ${found.length === 0 ? "none" : found.length}`,
      {
        hint: found.length === 0
          ? "A table is a .csv or .tsv file, or one of them with .gz."
          : `Name one: ${found.slice(0, 20).map((file) => file.name).join(", ")}.`,
      },
    );
  }
  const [file] = found;
  const bytes = await door.readTable(file.path);
  return {
    file_name: basename(file.path),
    bytes,
    sha256: sha256Hex(bytes),
    ref: file.path,
    version: null,
    license: null,
    target: null,
  };
}
