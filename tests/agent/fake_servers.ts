/**
 * The three servers as the contract says, in memory: what they know outlives them, so that one can die in the
 * middle of a call and come back. Each counts its calls.
 */
import { InMemoryTransport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { AppError, toWireError } from "@/shared/errors.ts";
import { openServers, type ServerName, type Servers } from "../../agent/servers.ts";

type Answer = Record<string, unknown>;
type ToolRun = (input: Answer) => Answer | Promise<Answer>;

export interface World {
  /** How often each tool was called, in order of the first call. */
  calls: Map<string, number>;
  inputs: Map<string, Answer[]>;
  tools: Record<ServerName, Record<string, ToolRun>>;
  jobs: Map<string, Answer>;
  deployments: Map<string, Answer>;
  starts: Record<ServerName, number>;
  /** The server of the tool goes away during its n-th call (from 1), before or after the work is done. */
  deaths: { tool: string; call: number; when: "before" | "after" }[];
  run_id: string | null;
}

const numbers = (name: string, missing: number, distinct: number, p5: number, p50: number, p95: number) => ({
  ...{ name, type: "number", missing, missing_share: missing / 344, distinct, min: p5, max: p95, mean: p50 },
  quantiles: { p5, p25: p5, p50, p75: p95, p95 },
  examples: [p50],
});
const words = (name: string, missing: number, counts: Record<string, number>) => ({
  ...{ name, type: "category", missing, missing_share: missing / 344, distinct: Object.keys(counts).length },
  top_values: Object.entries(counts).map(([value, count]) => ({ value, count })),
  examples: Object.keys(counts),
});

export const PENGUINS = {
  rows: 344,
  columns: 4,
  duplicate_rows: 0,
  column_profiles: [
    words("species", 0, { Adelie: 152, Gentoo: 124, Chinstrap: 68 }),
    numbers("bill_length_mm", 2, 164, 35.7, 44.45, 51.9),
    numbers("body_mass_g", 2, 94, 3150, 4050, 5650),
    words("sex", 11, { male: 168, female: 165 }),
  ],
};

const SAMPLES = [
  {
    ref: "sample/penguins",
    title: "Palmer penguins",
    license: "CC0-1.0",
    target: "species",
    task: "classification",
    tags: ["biology"],
    description: "Size measurements of three species of penguin.",
  },
  {
    ref: "sample/iris",
    title: "Iris flowers",
    license: "CC-BY-4.0",
    target: "species",
    task: "classification",
    tags: ["botany"],
    description: "Measurements of three species of iris.",
  },
  {
    ref: "sample/titanic",
    title: "Titanic passengers",
    license: "CC0-1.0",
    target: "survived",
    task: "classification",
    tags: ["history"],
    description: "Who survived.",
  },
];

export function newWorld(change: Partial<Record<ServerName, Record<string, ToolRun>>> = {}): World {
  const world: World = {
    calls: new Map(),
    inputs: new Map(),
    jobs: new Map(),
    deployments: new Map(),
    starts: { kaggle: 0, training: 0, deploy: 0 },
    deaths: [],
    run_id: null,
    tools: { kaggle: {}, training: {}, deploy: {} },
  };
  world.tools = {
    kaggle: {
      search_datasets: ({ query }) => {
        const words = String(query).toLowerCase().split(/\s+/);
        const fits = (sample: (typeof SAMPLES)[number]) =>
          words.some((word) => JSON.stringify(sample).toLowerCase().includes(word.replace(/s$/, "")));
        return { datasets: SAMPLES.filter(fits), next_cursor: null };
      },
      get_dataset_metadata: ({ ref }) => {
        const sample = SAMPLES.find((one) => one.ref === ref);
        if (!sample) {
          throw new AppError("not_found", `Cannot find ${ref}: there is no such data set`, {
            hint: "search_datasets finds some.",
          });
        }
        return sample;
      },
      download_dataset: ({ ref }) => ({
        dataset_id: `ds_${String(ref).replace("/", "_")}`,
        ref,
        version: 1,
        path: `/home/datasets/${ref}`,
        license: "CC0-1.0",
        sha256: "ab".repeat(32),
        files: [{
          name: "data.csv",
          path: `/home/datasets/${ref}/data.csv`,
          size_bytes: 13478,
          sha256: "ab".repeat(32),
        }],
        cached: false,
      }),
      ...change.kaggle,
    },
    training: {
      profile_dataset: () => PENGUINS,
      list_training_jobs: ({ run_id }) => ({
        jobs: [...world.jobs.values()].filter((job) => run_id === undefined || job.run_id === run_id)
          .reverse(),
        next_cursor: null,
      }),
      train_model: (input) => {
        const job_id = `job_${world.jobs.size + 1}`;
        const job = { job_id, status: "queued", run_id: world.run_id, name: input.name, asked: 0 };
        world.jobs.set(job_id, job);
        return job;
      },
      get_training_job: ({ job_id }) => {
        const job = world.jobs.get(String(job_id));
        if (!job) throw new AppError("not_found", `Cannot find job "${job_id}": there is none with that id`);
        job.asked = Number(job.asked) + 1;
        if (Number(job.asked) >= 2) {
          Object.assign(job, {
            status: "succeeded",
            model_id: `${job.name}@${
              [...world.jobs.values()].filter((one) => one.name === job.name).indexOf(job) + 1
            }`,
            algorithm: "random_forest",
            params: { n_estimators: 100 },
            metrics: { accuracy: 0.9783, f1: 0.9731 },
            baseline: { accuracy: 0.4419, f1: 0.2043 },
            leaderboard: [
              { algorithm: "random_forest", metric: "accuracy", score: 0.9783 },
              { algorithm: "logistic_regression", metric: "accuracy", score: 0.971 },
              { algorithm: "decision_tree", metric: "accuracy", score: 0.9565 },
              { algorithm: "gaussian_nb", metric: "accuracy", score: 0.9348 },
            ],
          });
        } else job.status = "running";
        return {
          ...job,
          progress: { stage: "comparing", done: 1, total: 4, message: "random_forest: fold 1 of 5" },
        };
      },
      validate_model: ({ model_id, metric, min_score }) => ({
        model_id,
        metrics: { accuracy: 0.9855, f1: 0.981 },
        baseline: { accuracy: 0.4348, f1: 0.2021 },
        metric,
        score: 0.9855,
        min_score: min_score ?? null,
        passed: min_score === undefined || 0.9855 >= Number(min_score),
        gate_id: "gate_1",
      }),
      ...change.training,
    },
    deploy: {
      deploy_model: ({ model_id, endpoint, gate_id }) => {
        if (!gate_id) throw new AppError("failed_precondition", "Cannot deploy: there is no receipt");
        const name = String(endpoint);
        const known = world.deployments.get(name);
        if (known && known.model_id === model_id) return known;
        const deployed = {
          deployment_id: `dep_${world.deployments.size + 1}_${known ? Number(known.version) + 1 : 1}`,
          endpoint: name,
          model_id,
          version: known ? Number(known.version) + 1 : 1,
          url: "http://127.0.0.1:8100",
          status: "ready",
        };
        world.deployments.set(name, deployed);
        return deployed;
      },
      test_endpoint: () => ({
        passed: true,
        checks: [{ name: "health", passed: true, detail: "200" }, {
          name: "golden rows",
          passed: true,
          detail: "5 of 5",
        }],
        latency_ms: 2.1,
      }),
      get_deployment_status: ({ endpoint }) => ({
        ...world.deployments.get(String(endpoint)),
        replicas: [{ replica_id: "r1", pid: 4711, status: "ready", restarts: 0, uptime_s: 1, version: 1 }],
        traffic: {},
        requests: { total: 5, errors: 0, per_s: 0, latency_ms: { p50: 1, p95: 2, p99: 2 } },
        drift: null,
      }),
      ...change.deploy,
    },
  };
  return world;
}

export function fakeServers(world: World): Servers {
  return openServers(async (server) => {
    world.starts[server]++;
    const [ours, theirs] = InMemoryTransport.createLinkedPair();
    const mcp = new McpServer({ name: `fake-${server}`, version: "1" });
    for (const [tool, run] of Object.entries(world.tools[server])) {
      mcp.registerTool(tool, { description: tool, inputSchema: z.looseObject({}) }, async (input: Answer) => {
        const call = (world.calls.get(tool) ?? 0) + 1;
        world.calls.set(tool, call);
        world.inputs.set(tool, [...world.inputs.get(tool) ?? [], input]);
        const death = world.deaths.find((one) => one.tool === tool && one.call === call);
        if (death?.when === "before") await theirs.close();
        try {
          const structuredContent = death?.when === "before" ? {} : await run(input);
          if (death?.when === "after") await theirs.close();
          return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
        } catch (error) {
          const wire = toWireError(error);
          return {
            isError: true,
            content: [{ type: "text", text: wire.message }],
            structuredContent: { ...wire },
          };
        }
      });
    }
    await mcp.connect(theirs);
    return { transport: ours, detail: () => "" };
  }, "0.0.0");
}
