/** A home with models and real processes, for the tests of deploying; `end` leaves no process and no file behind. */
import assert from "node:assert/strict";
import type { CommandContext } from "@/shared/command.ts";
import { loadConfig } from "@/shared/config.ts";
import { createHome, type Home } from "@/shared/home.ts";
import { childEnvironment } from "@/shared/self_command.ts";
import { VERSION } from "@/shared/version.ts";
import { openRecords } from "@/deployment/changes.ts";
import { tellSupervisor } from "@/deployment/control_file.ts";
import type { DeployParts, Waiting } from "@/deployment/until_serving.ts";
import { ensureSupervisor } from "@/deployment/ensure_supervisor.ts";
import { command as stopCommand } from "@/deployment/stop_command.ts";
import { type ModelVersion, openRegistry, type Registry } from "@/registry/registry.ts";
import { flowers, houses } from "../serving/make_artifact.ts";

export interface Scene extends DeployParts {
  home: Home;
  waiting: Waiting;
  /** flowers@1 and flowers@2 differ in the algorithm; houses@1 is a regression. */
  models: { one: ModelVersion; two: ModelVersion; houses: ModelVersion };
  /** A passed gate receipt for the model. */
  gate(model: ModelVersion, passed?: boolean): string;
  predict(
    url: string,
    rows?: unknown[],
  ): Promise<{ status: number; model?: string; predictions?: unknown[] }>;
  pids(): number[];
}

/** Each scene looks for free ports from another place, so that tests can run beside each other. */
let portFrom = 20000 + Deno.pid % 20000;

export async function withScene(
  work: (scene: Scene) => Promise<void> | void,
  env: Record<string, string> = {},
): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "mlmcp-deploy-" });
  const home = createHome(path);
  const given = { ...Deno.env.toObject(), MLMCP_HOME: path, MLMCP_PORT_FROM: String(portFrom), ...env };
  portFrom += 100;
  const abort = new AbortController();
  const context: CommandContext = {
    args: [],
    config: loadConfig({}, given, null).config,
    agentOptions: {},
    configFile: null,
    home,
    cwd: path,
    childEnv: childEnvironment(given),
    env: {},
    json: true,
    quiet: true,
    version: VERSION,
    stdinIsTerminal: false,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    columns: 100,
    memory_bytes: 8e9,
    signal: abort.signal,
    door: null,
    holdouts: null,
  };
  const records = openRecords(home);
  const registry = openRegistry(home);
  const models = {
    one: await registry.add("flowers", flowers({ algorithm: "decision_tree" })),
    two: await registry.add("flowers", flowers({ algorithm: "gaussian_nb" })),
    houses: await registry.add("houses", houses()),
  };
  const scene: Scene = {
    home,
    records,
    registry,
    context,
    models,
    waiting: { caller: "tester", signal: abort.signal, progress: () => {} },
    gate: (model, passed = true) => receipt(registry, model, passed),
    async predict(url, rows = [{ length: 1.4, width: 0.2 }]) {
      const response = await fetch(`${url}/predict`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ rows }),
      });
      return { status: response.status, ...await response.json() };
    },
    pids: () => records.replicas().map(({ pid }) => pid!).filter(isAlive),
  };
  try {
    await work(scene);
  } finally {
    const left = scene.pids();
    await quietly(() => stopCommand.run({ ...context, signal: new AbortController().signal }));
    records.close();
    registry.close();
    assert.deepEqual(left.filter(isAlive), [], "stop leaves no replica behind");
    assert.equal(await tellSupervisor(home, "ping"), null, "stop leaves no supervisor behind");
    await removeSoon(path);
  }
}

/** A standby whose supervisor was killed in the same breath may need a moment to see that it is not wanted. */
async function removeSoon(path: string): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

async function quietly(work: () => Promise<unknown>): Promise<void> {
  const { log } = console;
  console.log = () => {};
  try {
    await work();
  } finally {
    console.log = log;
  }
}

function receipt(registry: Registry, model: ModelVersion, passed: boolean): string {
  return registry.addReceipt({
    model_id: model.model_id,
    artifact_sha256: model.artifact_sha256,
    metric: "accuracy",
    score: passed ? 0.95 : 0.5,
    min_score: 0.9,
    passed,
    metrics: {},
    baseline: {},
    rows: 10,
    validated_on: "holdout",
    dataset_sha256: "0".repeat(64),
    caller: "tester",
  }).gate_id;
}

/** A process that has ended but was not reaped yet counts as dead. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** Looks until it is so. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  limit_ms = 15_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + limit_ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`Cannot go on: waited ${limit_ms / 1000} s until ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

export async function supervisorPid({ home, context }: Scene): Promise<number> {
  return (await tellSupervisor(home, "ping"))?.pid ?? (await ensureSupervisor(context)).pid;
}
