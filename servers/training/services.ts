/** What the tools of the training-server share. */
import type { CommandContext } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import type { Log } from "@/shared/log.ts";
import { openCheckpoints } from "@/jobs/checkpoints.ts";
import { type LearningPool, openPool } from "@/jobs/learning_pool.ts";
import { type JobQueue, openQueue } from "@/jobs/queue.ts";
import { type JobRunner, startRunner } from "@/jobs/runner.ts";
import { openRegistry, type Registry } from "@/registry/registry.ts";
import type { OpenServices } from "../serve.ts";
import { findDataset, type FoundDataset } from "./find_dataset.ts";

export interface TrainingServices {
  command: CommandContext;
  registry: Registry;
  queue: JobQueue;
  runner: JobRunner;
  pool: LearningPool;
  cores: number;
  /** As find_dataset.ts says. */
  findDataset(dataset: string, sample_rows?: number): Promise<FoundDataset>;
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
  const runner = startRunner({
    holdouts,
    queue,
    checkpoints: openCheckpoints(command.home.checkpoints, log),
    pool,
    registry,
    log,
    at_once: command.config["training.jobs_at_once"] || cores,
    readDataset: (request) => findDataset(command, request.dataset, request.sample_rows),
  });
  const services: TrainingServices = {
    command,
    registry,
    queue,
    runner,
    pool,
    cores,
    findDataset: (dataset, sample_rows) => findDataset(command, dataset, sample_rows),
  };
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
