/** Asks an endpoint over HTTP, as any caller would, whether it answers as its model did when it was made. */
import { type Check, compareGolden } from "@/artifact/golden.ts";
import { AppError } from "@/shared/errors.ts";
import { VERSION_HEADER } from "@/shared/replica_protocol.ts";
import { readCertificate } from "@/shared/tls_files.ts";
import { hostOf } from "./describe.ts";
import { localRequest, parseBody } from "./local_http.ts";
import type { EndpointRow } from "./records.ts";
import type { DeployParts } from "./until_serving.ts";

/** As POST /predict takes it. */
type Row = Record<string, unknown> | unknown[];

export interface EndpointTest {
  passed: boolean;
  checks: Check[];
  /** Median of the prediction requests; null when none was answered. */
  latency_ms: number | null;
  /** A row that was asked about, a complete one if there is one, with its answer; null when none came. */
  example: { row: Row; prediction: string | number } | null;
}

const TIMEOUT_MS = 10_000;
/** Single-row requests that the latency is the median of. */
const TIMED_REQUESTS = 21;

interface Answer {
  predictions?: (string | number)[];
  probabilities?: Record<string, number>[];
  model?: string;
  error?: { message: string };
}

/** @param rows asked instead of the golden rows; then only that predictions come back is checked */
export async function testEndpoint(
  parts: DeployParts,
  endpoint: EndpointRow,
  rows?: Row[],
): Promise<EndpointTest> {
  const live = parts.records.live(endpoint.name);
  if (!live || endpoint.desired !== "running") {
    throw new AppError(
      "failed_precondition",
      `Cannot test endpoint "${endpoint.name}": nothing is deployed there`,
      {
        hint: "Use deploy_model first.",
      },
    );
  }
  const artifact = parts.registry.artifact(parts.registry.find(live.model_id));
  const certificate = endpoint.tls ? readCertificate(parts.context.config) : undefined;
  const ask = async (method: "GET" | "POST", path: string, body?: unknown, version = live.version) => {
    const started = performance.now();
    const answer = await localRequest({
      host: hostOf(endpoint.host).replace(/^\[|\]$/g, ""),
      port: endpoint.port,
      method,
      path,
      headers: {
        "content-type": "application/json",
        "x-api-key": endpoint.test_key,
        [VERSION_HEADER]: String(version),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      timeout_ms: TIMEOUT_MS,
      certificate,
    });
    return {
      status: answer.status,
      ms: performance.now() - started,
      body: parseBody<Answer & Record<string, unknown>>(answer),
    };
  };
  const checks: Check[] = [];
  const check = async (name: string, work: () => Promise<string | Check[]>) => {
    try {
      const found = await work();
      if (typeof found === "string") checks.push({ name, passed: true, detail: found });
      else checks.push(...found);
    } catch (error) {
      checks.push({ name, passed: false, detail: (error as Error).message });
    }
  };
  const expectOk = ({ status, body }: { status: number; body: Answer }) => {
    if (status !== 200) throw new Error(`answered ${status}: ${body.error?.message ?? JSON.stringify(body)}`);
  };
  const latencies: number[] = [];
  let example: EndpointTest["example"] = null;
  await check("health", async () => {
    expectOk(await ask("GET", "/health/ready"));
    return "ready";
  });
  await check("metadata", async () => {
    const answer = await ask("GET", "/metadata");
    expectOk(answer);
    const { artifact_sha256, model } = answer.body;
    if (artifact_sha256 !== live.artifact_sha256) {
      throw new Error(`serves ${model}, and ${live.model_id} was deployed`);
    }
    return `serves ${model}`;
  });
  const asked: Row[] = rows ?? artifact.golden.rows;
  await check(rows ? "predictions" : "golden rows", async () => {
    const answer = await ask("POST", "/predict", { rows: asked });
    expectOk(answer);
    const { predictions = [], probabilities } = answer.body;
    if (predictions.length !== asked.length) {
      throw new Error(`${predictions.length} predictions for ${asked.length} rows`);
    }
    const shown = Math.max(0, asked.findIndex((row) => !Object.values(row).includes(null)));
    example = { row: asked[shown], prediction: predictions[shown] };
    if (rows) {
      return `${predictions.length} rows: ${predictions.slice(0, 5).join(", ")}${
        predictions.length > 5 ? ", …" : ""
      }`;
    }
    return compareGolden(
      artifact.golden,
      predictions,
      inOrder(probabilities, artifact.pipeline.target.classes),
    );
  });
  const challenger = parts.records.challenger(endpoint.name);
  if (challenger && !rows) {
    const { golden, pipeline } = parts.registry.artifact(parts.registry.find(challenger.model_id));
    await check(`golden rows of the ${challenger.status}`, async () => {
      const answer = await ask("POST", "/predict", { rows: golden.rows }, challenger.version);
      expectOk(answer);
      const { model, predictions = [], probabilities } = answer.body;
      if (model !== challenger.model_id) throw new Error(`${model} answered for ${challenger.model_id}`);
      const wrong = compareGolden(golden, predictions, inOrder(probabilities, pipeline.target.classes))
        .find(({ passed }) => !passed);
      if (wrong) throw new Error(`${wrong.name}: ${wrong.detail}`);
      return `${golden.rows.length} rows as when ${model} was made`;
    });
  }
  await check("latency", async () => {
    for (let i = 0; i < TIMED_REQUESTS; i++) {
      const answer = await ask("POST", "/predict", { rows: [asked[i % asked.length]] });
      expectOk(answer);
      latencies.push(answer.ms);
    }
    return `${median(latencies)} ms for a row, median of ${TIMED_REQUESTS}`;
  });
  return {
    passed: checks.every(({ passed }) => passed),
    checks,
    latency_ms: latencies.length > 0 ? median(latencies) : null,
    example,
  };
}

function inOrder(
  probabilities: Record<string, number>[] | undefined,
  classes: readonly (string | number)[],
): number[][] | undefined {
  return probabilities?.map((row) => classes.map((label) => row[String(label)]));
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[sorted.length >> 1] * 1000) / 1000;
}
