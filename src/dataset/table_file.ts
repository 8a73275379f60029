/**
 * A table as bytes and back, without loss: for rows that are put away, and for Workers.
 *
 * The file is safetensors: per column the numbers, or the codes and the categories as one text with the ends
 * of each; the names and types as JSON in the metadata `mlmcp_table`.
 */
import { AppError } from "@/shared/errors.ts";
import {
  type DecodedTensor,
  decodeSafetensors,
  encodeSafetensors,
  type Tensor,
} from "@/shared/safetensors.ts";
import type { DateOrder } from "./dates.ts";
import type { CodedColumn, Column, ColumnType, NumericColumn, Table } from "./table.ts";

const FORMAT = 1;

interface Described {
  name: string;
  storage: Column["storage"];
  type: ColumnType;
  date_order?: DateOrder;
}

const DATE_ORDERS: readonly DateOrder[] = ["ymd", "dmy", "mdy"];
const TYPES: Record<Column["storage"], readonly ColumnType[]> = {
  numeric: ["number", "date", "identifier"],
  coded: ["category", "boolean", "text", "identifier"],
};

/** The bytes of a table; equal tables give equal bytes. */
export function encodeTable(table: Table): Uint8Array {
  const tensors: Record<string, Tensor> = {};
  table.columns.forEach((column, k) => {
    if (column.storage === "numeric") {
      tensors[`${k}.values`] = column.values;
      return;
    }
    tensors[`${k}.codes`] = column.codes;
    const texts = column.categories.map((category) => new TextEncoder().encode(category));
    const ends = new Uint32Array(texts.length);
    texts.forEach((text, i) => ends[i] = (i ? ends[i - 1] : 0) + text.length);
    const all = new Uint8Array(ends[ends.length - 1] ?? 0);
    texts.forEach((text, i) => all.set(text, i ? ends[i - 1] : 0));
    tensors[`${k}.ends`] = ends;
    tensors[`${k}.text`] = all;
  });
  const columns = table.columns.map(described);
  return encodeSafetensors(tensors, {
    mlmcp_table: JSON.stringify({ format: FORMAT, rows: table.rows, columns }),
  });
}

function described(column: Described): Described {
  const { name, storage, type, date_order } = column;
  return { name, storage, type, ...(date_order ? { date_order } : {}) };
}

/**
 * The table that `encodeTable` wrote.
 * @throws AppError data_loss, saying what is wrong: lengths, codes out of range, unknown types, other tensors
 */
export function decodeTable(bytes: Uint8Array): Table {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const { rows, columns } = readDescription(metadata.mlmcp_table);
  const unused = new Set(Object.keys(tensors));
  const take = (k: number, part: string, dtype: DecodedTensor["dtype"], length?: number): Tensor => {
    const found = tensors[`${k}.${part}`];
    if (!found || found.dtype !== dtype || found.shape.length !== 1) {
      throw damaged(`column ${k + 1} has no ${part} of type ${dtype}`);
    }
    if (length !== undefined && found.data.length !== length) {
      throw damaged(`column ${k + 1} has ${found.data.length} ${part}, expected ${length}`);
    }
    unused.delete(`${k}.${part}`);
    return found.data;
  };
  const read = columns.map((column, k): Column => {
    if (column.storage === "numeric") {
      return { ...column as NumericColumn, values: take(k, "values", "F64", rows) as Float64Array };
    }
    const codes = take(k, "codes", "I32", rows) as Int32Array;
    const ends = take(k, "ends", "U32") as Uint32Array;
    const categories = cutTexts(take(k, "text", "U8") as Uint8Array, ends, k);
    if (codes.some((code) => code < -1 || code >= categories.length)) {
      throw damaged(`column ${k + 1} has a code out of range (${categories.length} categories)`);
    }
    return { ...column as CodedColumn, codes, categories };
  });
  if (unused.size) throw damaged(`it has tensors of no column: ${[...unused].join(", ")}`);
  return { rows, columns: read };
}

function readDescription(json: string | undefined): { rows: number; columns: Described[] } {
  let value: { format?: unknown; rows?: unknown; columns?: unknown };
  try {
    value = JSON.parse(json ?? "") ?? {};
  } catch {
    throw damaged("it has no valid description of a table");
  }
  if (value.format !== FORMAT) {
    throw damaged(`its format is ${JSON.stringify(value.format)}, expected ${FORMAT}`);
  }
  const { rows, columns } = value;
  if (!Number.isSafeInteger(rows) || (rows as number) < 0 || !Array.isArray(columns)) {
    throw damaged("its rows or columns are not described");
  }
  const names = new Set<string>();
  for (const { name, storage, type, date_order } of columns as Partial<Described>[]) {
    const isKnown = (storage === "numeric" || storage === "coded") &&
      TYPES[storage].includes(type as ColumnType) &&
      (date_order === undefined || (type === "date" && DATE_ORDERS.includes(date_order)));
    if (typeof name !== "string" || names.has(name) || !isKnown) {
      throw damaged(
        `column ${names.size + 1} is not described rightly: ${JSON.stringify({ name, storage, type })}`,
      );
    }
    names.add(name);
  }
  return {
    rows: rows as number,
    columns: (columns as Described[]).map(described),
  };
}

function cutTexts(bytes: Uint8Array, ends: Uint32Array, k: number): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const texts: string[] = [];
  let begin = 0;
  for (const end of ends) {
    if (end < begin || end > bytes.length) {
      throw damaged(`column ${k + 1} has categories that end out of range`);
    }
    try {
      texts.push(decoder.decode(bytes.subarray(begin, end)));
    } catch {
      throw damaged(`column ${k + 1} has a category that is not UTF-8`);
    }
    begin = end;
  }
  if (begin !== bytes.length) throw damaged(`column ${k + 1} has text of no category`);
  return texts;
}

function damaged(what: string): AppError {
  return new AppError("data_loss", `Cannot read a stored table: ${what}`, {
    hint: "The file is damaged. Train the model again from its data set.",
  });
}

/** The same table on SharedArrayBuffers: posted to Workers, it is not copied. Shared arrays stay as they are. */
export function shareTable(table: Table): Table {
  const columns = table.columns.map((column): Column =>
    column.storage === "numeric"
      ? { ...column, values: share(column.values, Float64Array) }
      : { ...column, codes: share(column.codes, Int32Array) }
  );
  return { rows: table.rows, columns };
}

function share<T extends Float64Array | Int32Array>(array: T, kind: new (buffer: SharedArrayBuffer) => T): T {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const shared = new kind(new SharedArrayBuffer(array.byteLength));
  shared.set(array);
  return shared;
}
