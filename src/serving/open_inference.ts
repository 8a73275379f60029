/**
 * Tensors of the Open Inference Protocol V2 to rows, and predictions to tensors.
 *
 * Source: kserve/open-inference-protocol, specification/protocol/open_inference_rest.yaml and inference_rest.md.
 */
import type { Signature, SignatureInput } from "@/artifact/signature.ts";
import type { RowPredictions } from "@/artifact/predict_rows.ts";
import { AppError } from "@/shared/errors.ts";

export interface MetadataTensor {
  name: string;
  datatype: string;
  shape: number[];
}

export interface OutputTensor extends MetadataTensor {
  data: (string | number)[];
  parameters?: Record<string, unknown>;
}

const INTEGERS = ["INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8"];
const FLOATS = ["FP64", "FP32", "FP16"];
const DATATYPES = [...FLOATS, ...INTEGERS, "BOOL", "BYTES"];

/** The datatype that describes a column best; others that can carry its values are taken too. */
function datatypeOf(input: SignatureInput): string {
  if (input.type === "boolean" && input.categories?.every((text) => /^(true|false)$/i.test(text))) {
    return "BOOL";
  }
  return input.categories ? "BYTES" : input.type === "date" ? "BYTES" : "FP64";
}

export function inputTensors(signature: Signature): MetadataTensor[] {
  return signature.inputs.map((input) => ({ name: input.name, datatype: datatypeOf(input), shape: [-1] }));
}

export function outputTensors({ output }: Signature): MetadataTensor[] {
  const predict = { name: "predict", datatype: labelDatatype(output.classes), shape: [-1] };
  return output.classes
    ? [predict, { name: "probabilities", datatype: "FP64", shape: [-1, output.classes.length] }]
    : [predict];
}

function labelDatatype(classes: readonly (string | number)[] | undefined): string {
  if (!classes) return "FP64";
  if (classes.some((label) => typeof label === "string")) return "BYTES";
  return classes.every(Number.isSafeInteger) ? "INT64" : "FP64";
}

export interface InferRequest {
  id?: string;
  rows: unknown[][];
  /** Names of the outputs that were asked for; null means all. */
  outputs: string[] | null;
}

/**
 * One tensor a column, of shape [n] or [n, 1]; or one numeric tensor of shape [n, columns] in the order of the
 * signature, when every column is a number. null stands for a missing value.
 * @throws AppError invalid_argument naming the tensor and the rule
 */
export function readInferRequest(body: unknown, signature: Signature): InferRequest {
  const request = record(body, "the body");
  if (request.id !== undefined && typeof request.id !== "string") throw refuse('"id" is not a string');
  if (!Array.isArray(request.inputs) || request.inputs.length === 0) {
    throw refuse('"inputs" must be a list of at least one tensor');
  }
  const tensors = request.inputs.map((tensor, i) => readTensor(tensor, `inputs[${i}]`));
  return {
    ...(request.id === undefined ? {} : { id: request.id }),
    rows: rowsFrom(tensors, signature),
    outputs: readOutputs(request.outputs, signature),
  };
}

interface Tensor {
  name: string;
  datatype: string;
  shape: number[];
  data: unknown[];
}

function readTensor(value: unknown, where: string): Tensor {
  const { name, datatype, shape, data } = record(value, where);
  if (typeof name !== "string") throw refuse(`${where}.name is not a string`);
  const of = `tensor "${name}"`;
  if (typeof datatype !== "string" || !DATATYPES.includes(datatype)) {
    throw refuse(`${of} has the datatype ${shown(datatype)}; known: ${DATATYPES.join(", ")}`);
  }
  const sizes = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!sizes || shape.length === 0 || shape.length > 2) {
    throw refuse(`${of} has no shape [n] or [n, columns]: ${shown(shape)}`);
  }
  if (!Array.isArray(data)) throw refuse(`${of} has no list "data"`);
  const flat = shape.length === 2 && data.some(Array.isArray) ? flatten(data, shape as number[], of) : data;
  const size = shape.reduce((product: number, n: number) => product * n, 1);
  if (flat.length !== size) {
    throw refuse(`${of} has ${flat.length} values, and its shape [${shape}] takes ${size}`);
  }
  flat.forEach((item, i) => checkValue(item, datatype, of, i));
  return { name, datatype, shape: shape as number[], data: flat };
}

function flatten(data: unknown[], [, columns]: number[], of: string): unknown[] {
  return data.flatMap((row, i) => {
    if (!Array.isArray(row) || row.length !== columns) {
      throw refuse(`${of}: data[${i}] is not a list of ${columns} values`);
    }
    return row;
  });
}

function checkValue(value: unknown, datatype: string, of: string, i: number): void {
  if (value === null) return;
  const fits = datatype === "BYTES"
    ? typeof value === "string"
    : datatype === "BOOL"
    ? typeof value === "boolean"
    : INTEGERS.includes(datatype)
    ? Number.isInteger(value) && (!datatype.startsWith("U") || (value as number) >= 0)
    : typeof value === "number" && Number.isFinite(value);
  if (!fits) throw refuse(`${of}: data[${i}] is ${shown(value)}, and that is no ${datatype}`);
}

function rowsFrom(tensors: Tensor[], { inputs, ignored }: Signature): unknown[][] {
  const known = new Map(inputs.map((input, j) => [input.name, j]));
  if (
    tensors.length === 1 && tensors[0].shape.length === 2 &&
    !(known.has(tensors[0].name) && tensors[0].shape[1] === 1)
  ) {
    return rowsFromMatrix(tensors[0], inputs);
  }
  const n = tensors[0].shape[0];
  const rows = Array.from({ length: n }, () => new Array<unknown>(inputs.length).fill(null));
  const given = new Set<string>();
  for (const { name, shape, data } of tensors) {
    const j = known.get(name);
    if (j === undefined && ignored.includes(name)) continue;
    if (j === undefined) throw refuse(`the model has no column "${name}"; columns: ${namesOf(inputs)}`);
    if (given.has(name)) throw refuse(`tensor "${name}" stands twice among the inputs`);
    given.add(name);
    if (shape.length === 2 && shape[1] !== 1) {
      throw refuse(`tensor "${name}" must have the shape [n] or [n, 1], not [${shape}]`);
    }
    if (shape[0] !== n) {
      throw refuse(`tensor "${name}" has ${shape[0]} rows, and "${tensors[0].name}" has ${n}`);
    }
    for (let i = 0; i < n; i++) rows[i][j] = data[i];
  }
  return rows;
}

function rowsFromMatrix(
  { name, datatype, shape, data }: Tensor,
  inputs: readonly SignatureInput[],
): unknown[][] {
  const [n, columns] = shape;
  if (columns !== inputs.length) {
    throw refuse(
      `tensor "${name}" has ${columns} columns, and the model takes ${inputs.length}: ${namesOf(inputs)}`,
    );
  }
  const other = inputs.find((input) => datatypeOf(input) !== "FP64");
  if (other || datatype === "BYTES" || datatype === "BOOL") {
    throw refuse(
      other
        ? `one tensor for all columns needs every column to be a number, and "${other.name}" is of type ${other.type}; send one tensor a column`
        : `tensor "${name}" must hold numbers, not ${datatype}`,
    );
  }
  return Array.from({ length: n }, (_, i) => data.slice(i * columns, (i + 1) * columns));
}

function readOutputs(value: unknown, signature: Signature): string[] | null {
  if (value === undefined) return null;
  if (!Array.isArray(value)) throw refuse('"outputs" is not a list');
  const known = outputTensors(signature).map(({ name }) => name);
  const names = value.map((item, i) => record(item, `outputs[${i}]`).name);
  for (const name of names) {
    if (!known.includes(name as string)) {
      throw refuse(`there is no output ${shown(name)}; outputs: ${known.join(", ")}`);
    }
  }
  return names.length === 0 ? null : names as string[];
}

export function writeOutputs(
  { predictions, probabilities }: RowPredictions,
  { output }: Signature,
  wanted: readonly string[] | null,
): OutputTensor[] {
  const classes = output.classes ?? [];
  const all: OutputTensor[] = [
    {
      name: "predict",
      datatype: labelDatatype(output.classes),
      shape: [predictions.length],
      data: predictions,
    },
  ];
  if (probabilities) {
    const keys = classes.map(String);
    all.push({
      name: "probabilities",
      datatype: "FP64",
      shape: [predictions.length, classes.length],
      data: probabilities.flatMap((row) => keys.map((key) => row[key])),
      parameters: { classes },
    });
  }
  return wanted ? all.filter(({ name }) => wanted.includes(name)) : all;
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse(`${where} is not an object`);
  }
  return value as Record<string, unknown>;
}

function namesOf(inputs: readonly SignatureInput[]): string {
  const names = inputs.slice(0, 30).map(({ name }) => name).join(", ");
  return inputs.length > 30 ? `${names}, … (${inputs.length})` : names;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function refuse(state: string): AppError {
  return new AppError("invalid_argument", `Cannot infer: ${state}`);
}
