/** The routes under /v2: Open Inference Protocol. */
import type { Context } from "hono";
import { predictRows } from "@/artifact/predict_rows.ts";
import { AppError } from "@/shared/errors.ts";
import { VERSION } from "@/shared/version.ts";
import type { Exchange } from "./exchange.ts";
import { inputTensors, outputTensors, readInferRequest, writeOutputs } from "./open_inference.ts";
import { readPredictionBody } from "./read_json.ts";
import { notReady, type Replica } from "./replica_state.ts";
import type { Route } from "./route.ts";
import type { ServedModel } from "./served_model.ts";

/** The model that a path names: by the model's name or the endpoint's, at the version that serves. */
function modelOf(replica: Replica, c: Context): ServedModel {
  const model = replica.holder.current;
  const name = c.req.param("name");
  if (name !== model.name && name !== replica.endpoint) {
    throw new AppError("not_found", `Cannot find model "${name}": this endpoint serves "${model.name}"`, {
      hint: `Ask for /v2/models/${model.name}.`,
    });
  }
  const version = c.req.param("version");
  if (version !== undefined && version !== model.model_version) {
    throw new AppError(
      "not_found",
      `Cannot find version "${version}" of model "${name}": this endpoint serves version ${model.model_version}`,
      { hint: `Ask for /v2/models/${name}/versions/${model.model_version}, or leave the version out.` },
    );
  }
  return model;
}

const metadata = (replica: Replica, c: Context) => {
  const { name, model_version, model_id, signature, artifact } = modelOf(replica, c);
  return {
    name,
    versions: [model_version],
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
  const { name } = modelOf(replica, c);
  requireReady(replica);
  return { name, ready: true };
};

export function requireReady(replica: Replica): void {
  if (replica.state !== "ready") throw notReady(replica);
}

const infer = async (replica: Replica, c: Context, exchange: Exchange) => {
  const model = modelOf(replica, c);
  const body = await readPredictionBody(replica, c.req.raw);
  exchange.model = model;
  const { id, rows, outputs } = readInferRequest(body, model.signature);
  const answer = predictRows(model.artifact, rows);
  replica.watching.see(exchange.request_id, model, rows, answer);
  replica.counters.of(model.version).rows += rows.length;
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
