/** The routes under /v2: Open Inference Protocol. */
import type { Context } from "hono";
import { predictRows } from "@/artifact/predict_rows.ts";
import { AppError } from "@/shared/errors.ts";
import { VERSION } from "@/shared/version.ts";
import { answerRows } from "./answer_rows.ts";
import type { Exchange } from "./exchange.ts";
import {
  type InferRequest,
  inputTensors,
  outputTensors,
  readInferRequest,
  writeOutputs,
} from "./open_inference.ts";
import { readPredictionBody } from "./read_json.ts";
import { notReady, type Replica } from "./replica_state.ts";
import type { Route } from "./route.ts";
import type { ServedModel } from "./served_model.ts";
import type { Traffic } from "./traffic.ts";

/** The models that a path names: by the model's name, or all by the endpoint's; at a version if it says one. */
function modelsOf(replica: Replica, { models }: Traffic, c: Context): [ServedModel, ...ServedModel[]] {
  const name = c.req.param("name");
  const version = c.req.param("version");
  const named = models.filter((model) => name === model.name || name === replica.endpoint);
  if (named.length === 0) {
    const names = [...new Set(models.map((model) => model.name))];
    throw new AppError(
      "not_found",
      `Cannot find model "${name}": this endpoint serves ${names.map((known) => `"${known}"`).join(" and ")}`,
      { hint: `Ask for /v2/models/${names[0]}.` },
    );
  }
  const found = version === undefined ? named : named.filter((model) => model.model_version === version);
  if (found.length === 0) {
    const [{ name: known, model_version }] = named;
    throw new AppError(
      "not_found",
      `Cannot find version "${version}" of model "${name}": this endpoint serves ${
        named.map(({ model_id }) => model_id).join(" and ")
      }`,
      { hint: `Ask for /v2/models/${known}/versions/${model_version}, or leave the version out.` },
    );
  }
  return found as [ServedModel, ...ServedModel[]];
}

const metadata = (replica: Replica, c: Context) => {
  const { traffic } = replica.holder;
  const [{ name, model_id, signature, artifact }] = modelsOf(replica, traffic, c);
  return {
    name,
    versions: traffic.models.filter((model) => model.name === name).map(({ model_version }) => model_version),
    platform: "mlmcp",
    inputs: inputTensors(signature),
    outputs: outputTensors(signature),
    properties: {
      model_id,
      algorithm: artifact.pipeline.algorithm,
      task: signature.output.task,
      target: signature.output.name,
      artifact_sha256: artifact.sha256,
      ...(signature.output.classes ? { classes: JSON.stringify(signature.output.classes) } : {}),
    },
  };
};

const ready = (replica: Replica, c: Context) => {
  const [{ name }] = modelsOf(replica, replica.holder.traffic, c);
  requireReady(replica);
  return { name, ready: true };
};

export function requireReady(replica: Replica): void {
  if (replica.state !== "ready") throw notReady(replica);
}

const infer = async (replica: Replica, c: Context, exchange: Exchange) => {
  const { traffic } = replica.holder;
  const named = modelsOf(replica, traffic, c);
  // Triton's own client sends JSON without saying so.
  const body = await readPredictionBody(replica, c.req.raw, true);
  // Whoever names a version, or a name that only some have, gets that; else the weights decide.
  const free = c.req.param("version") === undefined && named.length === traffic.models.length;
  const model = free ? traffic.choose(c.req.raw.headers) : named[0];
  let request: InferRequest | null = null;
  const answer = answerRows(replica, exchange, traffic, model, ({ artifact, signature }) => {
    const read = readInferRequest(body, signature);
    request ??= read;
    return { rows: read.rows, answer: predictRows(artifact, read.rows) };
  });
  const { id, outputs } = request!;
  return {
    model_name: model.name,
    model_version: model.model_version,
    ...(id === undefined ? {} : { id }),
    ...(answer.warnings.length > 0 ? { parameters: { warnings: answer.warnings } } : {}),
    outputs: writeOutputs(answer, model.signature, outputs),
  };
};

const BASE = ["/v2/models/:name", "/v2/models/:name/versions/:version"];

export const OPEN_INFERENCE_ROUTES: readonly Route[] = [
  { method: "GET", path: "/v2", json: () => ({ name: "mlmcp", version: VERSION, extensions: [] }) },
  { method: "GET", path: "/v2/", json: () => ({ name: "mlmcp", version: VERSION, extensions: [] }) },
  { method: "GET", path: "/v2/health/live", json: () => ({ live: true }) },
  {
    method: "GET",
    path: "/v2/health/ready",
    json: (replica) => {
      requireReady(replica);
      return { ready: true };
    },
  },
  ...BASE.flatMap((path): Route[] => [
    { method: "GET", path, json: metadata },
    { method: "GET", path: `${path}/ready`, json: ready },
    { method: "POST", path: `${path}/infer`, json: infer },
  ]),
];
