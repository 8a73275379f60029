/**
 * A fitted pipeline as one file: safetensors with the learned arrays, and one JSON document that says the rest.
 *
 * Data only: loading runs no code. It holds neither clock nor machine, so the same data, parameters and seed
 * give the same bytes.
 */
import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { canonicalJson, sha256Hex } from "@/shared/hash.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "@/shared/safetensors.ts";
import type { Finding } from "@/dataset/checks/finding.ts";
import type { Table } from "@/dataset/table.ts";
import { estimatorOf } from "@/ml/estimators.ts";
import { checkParams, type FittedPipeline } from "@/ml/pipeline.ts";
import type { State } from "@/ml/state.ts";
import { transformerOf } from "@/ml/transformers.ts";
import { type AnswerProfile, type ModelProfile, profileColumns } from "@/monitoring/model_profile.ts";
import { type Golden, makeGolden } from "./golden.ts";
import { type Packed, packState, unpackState } from "./pack_state.ts";
import { PROFILE, profileFault } from "./profile_schema.ts";

export const FORMAT_VERSION = 1;
const METADATA_KEY = "mlmcp";

/** What a constant guess from the training target would have scored. */
export interface Baseline {
  metrics: Record<string, number | null>;
  /** Classification: the share of each class in training. Regression: the mean, alone. */
  prior: number[];
}

export interface DatasetOrigin {
  ref: string;
  version: string | null;
  sha256: string;
  license: string | null;
  /** So many rows were asked for, spread over the table, not all. */
  sample_rows?: number;
}

export interface ArtifactFacts {
  /** Measured on rows that the measured fit never saw. */
  metrics: Record<string, number | null>;
  /** How: "5-fold cross-validation on the training rows". */
  metrics_from: string;
  baseline: Baseline;
  dataset: DatasetOrigin;
  /** Version of mlmcp that trained it. */
  code_version: string;
  /** Hash of the artifact that it went on from. */
  continued_from?: string;
  /** Share of the model's skill that is lost when a column is shuffled, by column. */
  importances: Record<string, number>;
  /** What the checks before learning found in its data. */
  findings: Finding[];
  /** Checks whose errors were to be ignored. */
  ignored_findings: string[];
}

export interface Artifact extends ArtifactFacts {
  pipeline: FittedPipeline;
  golden: Golden;
  /** What drift is measured against; null in models of before there was one. */
  profile: ModelProfile | null;
  sha256: string;
  size_bytes: number;
}

/**
 * @param facts.train the training data: some rows become golden rows, and all of them the profile of the columns
 * @param facts.answers what the model says of rows that it has not learned from
 */
export function encodeArtifact(
  pipeline: FittedPipeline,
  facts: ArtifactFacts & { train: Table; answers?: AnswerProfile | null },
): Uint8Array {
  const tensors: Record<string, Tensor> = {};
  const { train, answers = null, ...rest } = facts;
  const profile: ModelProfile = {
    columns: profileColumns(train.columns, pipeline.features, rest.importances),
    answers,
  };
  const document = {
    ...rest,
    profile,
    format_version: FORMAT_VERSION,
    pipeline: {
      ...pipeline,
      prepared: pipeline.prepared.map((step, i) => ({
        ...step,
        state: packState(step.state, `prepared.${i}`, tensors),
      })),
      state: packState(pipeline.state, "model", tensors),
    },
    golden: makeGolden(pipeline, train),
  };
  return encodeSafetensors(tensors, { [METADATA_KEY]: canonicalJson(document) });
}

const label = z.union([z.string(), z.number()]);
const scores = z.record(z.string(), z.number().nullable());
const columnType = z.enum(["number", "category", "boolean", "date", "text", "identifier"]);
const packed: z.ZodType<Packed> = z.unknown() as z.ZodType<Packed>;
const DOCUMENT = z.strictObject({
  format_version: z.literal(FORMAT_VERSION),
  metrics: scores,
  metrics_from: z.string(),
  baseline: z.strictObject({ metrics: scores, prior: z.array(z.number()) }),
  dataset: z.strictObject({
    ref: z.string(),
    version: z.string().nullable(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    license: z.string().nullable(),
    sample_rows: z.int().positive().optional(),
  }),
  code_version: z.string(),
  continued_from: z.string().regex(/^[0-9a-f]{64}$/).optional(),
  importances: z.record(z.string(), z.number()),
  // Models of before the checks have none.
  findings: z.array(z.strictObject({
    check: z.string(),
    severity: z.enum(["error", "warning", "info"]),
    columns: z.array(z.string()),
    message: z.string(),
    evidence: z.record(z.string(), label),
    hint: z.string(),
  })).default([]),
  ignored_findings: z.array(z.string()).default([]),
  profile: PROFILE.nullable().default(null),
  pipeline: z.strictObject({
    task: z.enum(["classification", "regression"]),
    algorithm: z.string(),
    params: z.record(z.string(), z.unknown()),
    seed: z.int(),
    target: z.strictObject({ name: z.string(), type: columnType, classes: z.array(label).max(100_000) }),
    features: z.array(z.strictObject({
      name: z.string(),
      type: columnType,
      missing: z.boolean(),
      categories: z.array(z.string()).optional(),
      min: z.number().optional(),
      max: z.number().optional(),
      mean: z.number().optional(),
      date_order: z.enum(["ymd", "dmy", "mdy"]).optional(),
    })).min(1),
    prepared: z.array(z.strictObject({ column: z.string(), transformer: z.string(), state: packed })),
    matrix_names: z.array(z.string()).min(1),
    matrix_categories: z.array(z.int().min(0)),
    dropped: z.array(z.strictObject({ column: z.string(), reason: z.string() })),
    ignored: z.array(z.string()),
    fit_rows: z.int().min(1),
    rows_without_target: z.int().min(0),
    state: packed,
  }),
  golden: z.strictObject({
    rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))).min(1).max(100),
    predictions: z.array(label),
    probabilities: z.array(z.array(z.number().min(0).max(1))).optional(),
  }),
});

/**
 * @throws AppError data_loss for anything unknown, missing, out of range or of the wrong length: what, and where
 */
export function decodeArtifact(bytes: Uint8Array): Artifact {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const document = readDocument(metadata);
  const unused = new Set(Object.keys(tensors));
  const unpack = (value: Packed, where: string): State => {
    const state = unpackState(value, where, tensors, unused);
    if (state === null || typeof state !== "object" || Array.isArray(state) || ArrayBuffer.isView(state)) {
      throw damaged(`${where} is no record of values`);
    }
    return state as State;
  };
  const { pipeline: p } = document;
  const pipeline: FittedPipeline = {
    ...p,
    prepared: p.prepared.map((step, i) => ({ ...step, state: unpack(step.state, `prepared.${i}`) })),
    state: unpack(p.state, "model"),
  };
  if (unused.size > 0) throw damaged(`the tensor "${[...unused][0]}" belongs to nothing`);
  checkConsistency(pipeline, document.baseline.prior, document.golden);
  const fault = document.profile && profileFault(document.profile, pipeline);
  if (fault) throw damaged(`profile: ${fault}`);
  return { ...document, pipeline, sha256: sha256Hex(bytes), size_bytes: bytes.length };
}

function readDocument(metadata: Record<string, string>): z.infer<typeof DOCUMENT> {
  const text = metadata[METADATA_KEY];
  if (text === undefined) {
    throw damaged(`its metadata has no "${METADATA_KEY}", so it is not a model of mlmcp`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw damaged(`its description is not JSON: ${(error as Error).message}`);
  }
  const parsed = DOCUMENT.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw damaged(`${issue.path.join(".") || "its description"}: ${issue.message}`);
  }
  return parsed.data;
}

/**
 * Only the task and the profile, without the learned state.
 * @throws AppError data_loss as decodeArtifact does
 */
export function readProfile(bytes: Uint8Array): Pick<Artifact, "profile"> & Pick<FittedPipeline, "task"> {
  const { profile, pipeline: { task } } = readDocument(decodeSafetensors(bytes).metadata);
  return { task, profile };
}

/** What a schema can't say: names that must be known, and lengths that must agree. */
function checkConsistency(pipeline: FittedPipeline, prior: readonly number[], golden: Golden): void {
  const { task, target, features, prepared } = pipeline;
  let names: string[];
  try {
    estimatorOf(pipeline.algorithm);
    checkParams(pipeline.algorithm, task, pipeline.params);
    names = prepared.flatMap((step) => transformerOf(step.transformer).outputs(step.column, step.state));
  } catch (error) {
    if (error instanceof AppError) throw damaged(error.message);
    throw damaged(
      `the preparation's learned state has not the shape it must have (${(error as Error).message})`,
    );
  }
  const expect = (holds: boolean, what: string) => {
    if (!holds) throw damaged(what);
  };
  expect(
    task === "regression" ? target.classes.length === 0 : target.classes.length >= 1,
    `${target.classes.length} classes do not fit the task ${task}`,
  );
  expect(
    prior.length === Math.max(1, target.classes.length),
    "the baseline's prior has another length than the classes",
  );
  expect(
    prepared.length === features.length && prepared.every((step, i) => step.column === features[i].name),
    "the preparation does not match the features",
  );
  expect(
    names.length === pipeline.matrix_names.length &&
      names.every((name, i) => name === pipeline.matrix_names[i]),
    "the prepared columns do not match matrix_names",
  );
  expect(
    pipeline.matrix_categories.length === pipeline.matrix_names.length,
    "matrix_categories has another length than matrix_names",
  );
  expect(golden.predictions.length === golden.rows.length, "golden rows and predictions differ in number");
  expect(
    (golden.probabilities?.length ?? golden.rows.length) === golden.rows.length,
    "golden rows and probabilities differ in number",
  );
}

function damaged(what: string): AppError {
  return new AppError("data_loss", `Cannot read the model: ${what}`, {
    hint:
      "The file is damaged or comes from another version. Take it again from where it came, or train again.",
  });
}
