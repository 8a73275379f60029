/** GET /openapi.json: the endpoint described for programs, made from the model's signature. Source: OpenAPI 3.1. */
import type { SignatureInput } from "@/artifact/signature.ts";
import { VERSION_HEADER } from "@/shared/replica_protocol.ts";
import { VERSION } from "@/shared/version.ts";
import { exampleAnswer, exampleRow } from "./example.ts";
import { explainOperation } from "./explain_openapi.ts";
import { feedbackOperation } from "./feedback_openapi.ts";
import { inputTensors } from "./open_inference.ts";
import type { Replica } from "./replica_state.ts";

export type Schema = Record<string, unknown>;

export interface Operation {
  summary: string;
  description?: string;
  operationId: string;
  parameters?: { name: string; in: string; required: boolean; schema: Schema; description: string }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Schema; example?: unknown }> };
  responses: Record<
    string,
    { description: string; content?: Record<string, { schema: Schema; example?: unknown }> }
  >;
  security?: Record<string, string[]>[];
}

export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  security?: Record<string, string[]>[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes?: Record<string, Schema> };
}

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Schema, example?: unknown) => ({
  "application/json": { schema, ...(example === undefined ? {} : { example }) },
});

export function openApiDocument(replica: Replica): OpenApiDocument {
  const { current: model } = replica.holder;
  const { signature } = model;
  const { output } = signature;
  const locked = replica.access.locked;
  const get = (operationId: string, summary: string, schema: Schema, open = false): { get: Operation } => ({
    get: {
      summary,
      operationId,
      responses: {
        "200": { description: "OK", content: json(schema) },
        ...(locked && !open ? failures("401") : {}),
      },
      ...(open && locked ? { security: [] } : {}),
    },
  });
  const label: Schema = output.classes
    ? { enum: output.classes, description: `The class of "${output.name}" with the highest probability` }
    : { type: "number", description: `The predicted "${output.name}"` };
  const refusals = failures("400", ...(locked ? ["401"] as const : []), "413", "415", "429", "503", "504");
  const named = parameter("name", `Name of the model: ${model.name}`);
  const versioned = parameter("version", `Version of the model: ${model.model_version}`);
  const inV2 = (base: string, parameters: Operation["parameters"], suffix: string) => ({
    [base]: {
      get: { ...get(`v2_model${suffix}`, "Metadata of the model (V2)", { type: "object" }).get, parameters },
    },
    [`${base}/ready`]: {
      get: {
        ...get(`v2_ready${suffix}`, "Whether the model takes requests (V2)", { type: "object" }).get,
        parameters,
      },
    },
    [`${base}/infer`]: {
      post: {
        summary: "Predict with tensors (V2)",
        operationId: `v2_infer${suffix}`,
        parameters: [...parameters!, VERSION_PARAMETER],
        requestBody: { required: true, content: json(ref("InferRequest"), exampleTensors(model)) },
        responses: {
          "200": {
            description: "Outputs `predict` and, for classes, `probabilities`",
            content: json({ type: "object" }),
          },
          "400": { description: "The tensor and the rule", content: json(ref("InferError")) },
        },
      },
    },
  });
  return {
    openapi: "3.1.0",
    info: {
      title: `${replica.endpoint}: predict ${output.name}`,
      version: `${model.model_id}, deployment ${model.version}`,
      description:
        `A ${output.task} model (${model.artifact.pipeline.algorithm}) served by mlmcp ${VERSION}. ` +
        "Columns may be left out or null: they then count as missing. Columns that the training table did not have are refused.",
    },
    ...(locked ? { security: [{ bearer: [] }, { api_key: [] }] } : {}),
    paths: {
      "/predict": {
        post: {
          summary: `Predict ${output.name}`,
          description: `Rows as objects by column, or as lists in this order: ${
            signature.inputs.map(({ name }) => name).join(", ")
          }.`,
          operationId: "predict",
          parameters: [VERSION_PARAMETER, TIMEOUT_PARAMETER],
          requestBody: {
            required: true,
            content: json(ref("PredictRequest"), { rows: [exampleRow(model)] }),
          },
          responses: {
            "200": {
              description: "One prediction a row",
              content: json(ref("PredictAnswer"), exampleAnswer(model)),
            },
            ...refusals,
          },
        },
      },
      "/feedback": { post: feedbackOperation(model, refusals) },
      "/explain": { post: explainOperation(label, exampleRow(model), refusals) },
      "/metadata": get("metadata", "The model, its signature, metrics and origin", { type: "object" }),
      "/metrics": {
        get: {
          summary: "Counters and drift of the whole endpoint, for Prometheus",
          operationId: "metrics",
          responses: {
            "200": { description: "OK", content: { "text/plain": { schema: { type: "string" } } } },
          },
        },
      },
      "/health/live": get("live", "Whether the process runs", { type: "object" }, true),
      "/health/ready": get("ready", "Whether it takes requests", { type: "object" }, true),
      "/v2": get("v2", "Metadata of the server (V2)", { type: "object" }),
      "/v2/health/live": get("v2_live", "Whether the process runs (V2)", { type: "object" }, true),
      "/v2/health/ready": get("v2_health_ready", "Whether it takes requests (V2)", { type: "object" }, true),
      ...inV2("/v2/models/{name}", [named], ""),
      ...inV2("/v2/models/{name}/versions/{version}", [named, versioned], "_version"),
    },
    components: {
      schemas: {
        Row: {
          type: "object",
          additionalProperties: false,
          minProperties: 1,
          properties: Object.fromEntries([
            ...signature.inputs.map((input) => [input.name, columnSchema(input)]),
            ...signature.ignored.map((
              name,
            ) => [name, { description: "Not read; rows of the training table carry it" }]),
          ]),
        },
        PredictRequest: {
          type: "object",
          additionalProperties: false,
          required: ["rows"],
          properties: {
            rows: {
              type: "array",
              minItems: 1,
              items: {
                anyOf: [ref("Row"), {
                  type: "array",
                  minItems: signature.inputs.length,
                  maxItems: signature.inputs.length,
                }],
              },
            },
          },
        },
        PredictAnswer: {
          type: "object",
          required: ["predictions", "model"],
          properties: {
            predictions: { type: "array", items: label },
            ...(output.classes
              ? {
                probabilities: {
                  type: "array",
                  description: "For each row, the probability of each class",
                  items: { type: "object", additionalProperties: { type: "number", minimum: 0, maximum: 1 } },
                },
              }
              : {}),
            model: { type: "string", description: "name@version of the model that answered" },
            warnings: { type: "array", items: { type: "string" } },
          },
        },
        Error: {
          type: "object",
          required: ["error"],
          properties: {
            error: {
              type: "object",
              required: ["code", "message", "hint"],
              properties: { code: { type: "string" }, message: { type: "string" }, hint: { type: "string" } },
            },
          },
        },
        InferRequest: {
          type: "object",
          required: ["inputs"],
          properties: {
            id: { type: "string" },
            inputs: {
              type: "array",
              minItems: 1,
              items: {
                type: "object",
                required: ["name", "shape", "datatype", "data"],
                properties: {
                  name: { type: "string" },
                  shape: { type: "array", items: { type: "integer" } },
                  datatype: { type: "string" },
                  data: { type: "array" },
                },
              },
            },
            outputs: { type: "array", items: { type: "object", properties: { name: { type: "string" } } } },
          },
        },
        InferError: { type: "object", required: ["error"], properties: { error: { type: "string" } } },
      },
      ...(locked
        ? {
          securitySchemes: {
            bearer: { type: "http", scheme: "bearer" },
            api_key: { type: "apiKey", in: "header", name: "X-API-Key" },
          },
        }
        : {}),
    },
  };
}

const FAILURES = {
  "400": "The row, the column and the rule that was broken",
  "401": "The API key is missing or not known",
  "413": "The body is larger than this endpoint takes",
  "415": "The body is not announced as JSON",
  "429": "Too many requests; Retry-After says when to come back",
  "503": "Starting, draining, or too many requests wait; Retry-After says when to come back",
  "504": "The time of x-request-timeout-ms has passed; nothing was predicted",
} as const;

function failures(...statuses: (keyof typeof FAILURES)[]): Operation["responses"] {
  return Object.fromEntries(
    statuses.map((status) => [status, { description: FAILURES[status], content: json(ref("Error")) }]),
  );
}

const VERSION_PARAMETER = {
  name: VERSION_HEADER,
  in: "header",
  required: false,
  schema: { type: "string" },
  description: "Deployment whose model is to answer, while the endpoint holds more than one",
};

const TIMEOUT_PARAMETER = {
  name: "x-request-timeout-ms",
  in: "header",
  required: false,
  schema: { type: "integer", minimum: 1 },
  description:
    "How long the caller waits, in milliseconds; after that nothing is predicted, and 504 is answered",
};

function parameter(name: string, description: string) {
  return { name, in: "path", required: true, schema: { type: "string" }, description };
}

/** More categories than this are described, not listed. */
const LISTED_CATEGORIES = 100;

function columnSchema({ type, categories, min, max }: SignatureInput): Schema {
  if (type === "date") {
    return { type: ["string", "number", "null"], description: "ISO 8601, or ms since 1970 UTC" };
  }
  if (!categories) {
    const range = min === undefined ? "" : `; training saw ${min} to ${max}`;
    return { type: ["number", "null"], description: `A number${range}` };
  }
  const few = categories.length <= LISTED_CATEGORIES;
  return {
    type: ["string", "number", "boolean", "null"],
    description: few
      ? "Training saw the examples; others are taken with a warning"
      : `One of ${categories.length} values`,
    examples: few ? categories : categories.slice(0, 5),
  };
}

function exampleTensors(model: Parameters<typeof exampleRow>[0]): unknown {
  const row = exampleRow(model);
  return {
    id: "42",
    inputs: inputTensors(model.signature).map(({ name, datatype }) => ({
      name,
      datatype,
      shape: [1],
      data: [datatype === "BOOL" && typeof row[name] === "string" ? /^true$/i.test(row[name]) : row[name]],
    })),
  };
}
