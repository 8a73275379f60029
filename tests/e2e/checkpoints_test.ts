/** kill -9 in the middle of a fit, again and again: the next training-server goes on, to the same bytes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Random } from "@/shared/random.ts";
import { inSandbox, type Program, programs, type Sandbox } from "./program.ts";

const [source, compiled] = await programs();
const program: Program = compiled.missing ? source : compiled;
const KILLS = 3;

/** A moment in time, so that no two runs are killed at the same step. */
const random = new Random(Date.now() % 2 ** 31);

async function start(sandbox: Sandbox) {
  const transport = new StdioClientTransport({
    command: sandbox.program.command,
    args: [...sandbox.program.args, "training-server", "--home", sandbox.home],
    env: sandbox.env(),
    stderr: "ignore",
  });
  const client = new Client({ name: "test", version: "0" });
  await client.connect(transport);
  return {
    async call(name: string, args: Record<string, unknown>) {
      const { isError, structuredContent } = await client.callTool({ name, arguments: args });
      // deno-lint-ignore no-explicit-any
      const answer = structuredContent as any;
      assert.ok(!isError, JSON.stringify(answer));
      return answer;
    },
    async kill() {
      Deno.kill(transport.pid!, "SIGKILL");
      await client.close();
    },
    close: () => client.close(),
  };
}

/** Files under a folder, so far. */
function files(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
      isDirectory ? files(join(folder, name)) : [name]
    ).filter((name) => !name.startsWith("."));
  } catch {
    return []; // not there yet, or no longer
  }
}

async function until(holds: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const end = performance.now() + ms;
  while (!await holds()) {
    if (performance.now() > end) return false;
    await new Promise((go) => setTimeout(go, 20));
  }
  return true;
}

function table(rows: number): string {
  const random = new Random(1);
  const lines = Array.from({ length: rows }, () => {
    const x = Array.from({ length: 6 }, () => random.normal());
    const y = x[0] + x[1] * x[2] + Math.sin(3 * x[3]) + random.normal();
    return [...x.map((value) => value.toFixed(5)), y > 0 ? "yes" : "no"].join(",");
  });
  return ["a,b,c,d,e,f,y", ...lines].join("\n");
}

const NEVER = 1_000_000;
/** `steps` is the parameter that makes a fit long. */
const CASES = [
  {
    algorithm: "gradient_boosting",
    steps: "max_iter",
    few: 350,
    params: { subsample: 0.8, early_stopping: true, n_iter_no_change: NEVER },
  },
  { algorithm: "random_forest", steps: "n_estimators", few: 300, params: { oob_score: true } },
  {
    algorithm: "mlp",
    steps: "max_iter",
    few: 120,
    params: { tol: 0, n_iter_no_change: NEVER, early_stopping: true },
  },
];
/** A job that takes so long is killed in the middle of a fit, as checkpoints are a second apart. */
const LONG_MS = 6000;

for (const { algorithm, steps, few, params } of CASES) {
  Deno.test({
    name:
      `${program.name}: ${algorithm} killed ${KILLS} times in the middle of a fit ends with the bytes of one that was not`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      inSandbox(program, async (sandbox) => {
        const path = sandbox.write("t.csv", table(9_000));
        const asked = { dataset: path, target: "y", algorithm, validation: { folds: 2 } };
        let server = await start(sandbox);
        const job = async (job_id: string) => await server.call("get_training_job", { job_id });
        const ended = (job_id: string) =>
          until(async () => !["queued", "running"].includes((await job(job_id)).status), 120_000);
        const begin = (name: string, count: number) =>
          server.call("train_model", { ...asked, params: { ...params, [steps]: count }, name, wait_s: 0 });
        // As many steps as take long enough on this machine.
        let count = few;
        let whole;
        for (;; count *= 3) {
          const began = performance.now();
          const uncut = await begin("whole", count);
          assert.ok(await ended(uncut.job_id));
          whole = await job(uncut.job_id);
          if (performance.now() - began > LONG_MS) break;
        }
        const { job_id } = await begin("cut", count);
        const kept = join(sandbox.home, "checkpoints", job_id);
        let kills = 0;
        for (let known: string[] = []; kills < KILLS; kills++) {
          const isAhead = () => files(kept).some((name) => !known.includes(name));
          if (!await until(isAhead, 20_000)) break;
          await new Promise((go) => setTimeout(go, random.below(800)));
          known = files(kept);
          await server.kill();
          server = await start(sandbox);
        }
        assert.ok(await ended(job_id));
        const { status, attempts, model_id } = await job(job_id);
        assert.deepEqual([status, attempts], ["succeeded", kills + 1]);
        assert.ok(kills > 0, "it was killed");
        const [one, other] = await Promise.all(
          [whole.model_id, model_id].map((id) => server.call("get_model_metrics", { model_id: id })),
        );
        assert.equal(other.artifact_sha256, one.artifact_sha256);
        assert.deepEqual(files(join(sandbox.home, "checkpoints")), [], "nothing is left of what was kept");
        await server.close();
        const log = files(join(sandbox.home, "logs"))
          .map((name) => Deno.readTextFileSync(join(sandbox.home, "logs", name))).join();
        assert.ok(log.includes("a fit goes on from its checkpoints"), "it did not begin anew");
      }),
  });
}
