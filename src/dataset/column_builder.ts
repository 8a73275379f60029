/**
 * A column from single values of any kind, as the readers of typed formats meet them: numbers as long as all
 * values are numbers, then text. No value is kept as an object.
 */
import { type CodedColumn, type Column, isoDate, type NumericColumn } from "./table.ts";
import { MISSING_WORDS } from "./missing_values.ts";
import { NOT_A_NUMBER, parseNumber } from "./parse_number.ts";

type Kind = "none" | "number" | "date" | "boolean" | "text";

/** Values that are no value: null, NaN, infinity (no measurement), and text without a letter. */
export class ColumnBuilder {
  #kind: Kind = "none";
  #length = 0;
  #numbers = new Float64Array(64);
  #codes = new Int32Array(0);
  #codeOf = new Map<string, number>();

  /**
   * @param name of the column
   * @param textIsRaw true: text that holds only numbers and missing words becomes numbers, as in CSV; for
   *   formats whose writers often put numbers into text (JSON, Excel)
   */
  constructor(readonly name: string, readonly textIsRaw = false) {}

  get length(): number {
    return this.#length;
  }

  /** Rows without a value up to `rows`. */
  fillTo(rows: number): void {
    while (this.#length < rows) this.add(null);
  }

  /** @param value an array or an object is kept as its JSON */
  add(value: unknown): void {
    if (value === null || value === undefined || value === "") return this.#addNumber(NaN);
    switch (typeof value) {
      case "number":
        if (!Number.isFinite(value)) return this.#addNumber(NaN);
        return this.#kind === "number" || this.#become("number")
          ? this.#addNumber(value)
          : this.#addText(String(value));
      case "bigint":
        return this.#kind === "number" || this.#become("number")
          ? this.#addNumber(Number(value))
          : this.#addText(String(value));
      case "boolean":
        this.#become("boolean");
        return this.#addText(String(value));
      case "string":
        if (value.trim() === "") return this.#addNumber(NaN);
        this.#become("text");
        return this.#addText(value);
    }
    if (value instanceof Date) return this.addDate(value.getTime());
    this.#become("text");
    this.#addText(value instanceof Uint8Array ? hex(value) : jsonOf(value));
  }

  /** @param ms milliseconds since 1970 UTC */
  addDate(ms: number): void {
    if (!Number.isFinite(ms)) return this.#addNumber(NaN);
    if (this.#kind === "date" || this.#become("date")) this.#addNumber(ms);
    else this.#addText(isoDate(ms));
  }

  /** Many numbers at once; NaN and infinity are missing. */
  addNumbers(values: ArrayLike<number>): void {
    if (this.#kind !== "number" && !this.#become("number")) {
      for (let i = 0; i < values.length; i++) this.add(values[i]);
      return;
    }
    const end = this.#length + values.length;
    if (end > this.#numbers.length) this.#numbers = grown(this.#numbers, end, Float64Array);
    for (let i = 0, at = this.#length; i < values.length; i++, at++) {
      const value = values[i];
      this.#numbers[at] = Number.isFinite(value) ? value : NaN;
    }
    this.#length = end;
  }

  /** @returns the column as it stands; the builder is then used up */
  finish(): Column {
    const { name } = this;
    if (this.#kind === "text" || this.#kind === "boolean") {
      const codes = this.#codes.slice(0, this.#length);
      const categories = Array.from(this.#codeOf.keys());
      const coded: CodedColumn = { name, storage: "coded", type: "category", codes, categories };
      return (this.textIsRaw && this.#kind === "text" && numbersIn(coded)) || coded;
    }
    const type: NumericColumn["type"] = this.#kind === "date" ? "date" : "number";
    return { name, storage: "numeric", type, values: this.#numbers.slice(0, this.#length) };
  }

  #addNumber(value: number): void {
    if (this.#kind === "text" || this.#kind === "boolean") return this.#addCode(-1);
    if (this.#length === this.#numbers.length) {
      this.#numbers = grown(this.#numbers, this.#length + 1, Float64Array);
    }
    this.#numbers[this.#length++] = value;
  }

  #addText(text: string): void {
    let code = this.#codeOf.get(text);
    if (code === undefined) this.#codeOf.set(text, code = this.#codeOf.size);
    this.#addCode(code);
  }

  #addCode(code: number): void {
    if (this.#length === this.#codes.length) this.#codes = grown(this.#codes, this.#length + 1, Int32Array);
    this.#codes[this.#length++] = code;
  }

  /** Takes that kind if the values so far allow it; else what is there becomes text. True: it has that kind. */
  #become(kind: Kind): boolean {
    if (this.#kind === kind) return true;
    const before = this.#kind;
    if (before === "none" && (kind === "number" || kind === "date")) {
      this.#kind = kind;
      return true;
    }
    this.#kind = before === "none" ? kind : "text";
    if (before === "text" || before === "boolean") return false;
    // What stood as numbers stands as text from here on.
    const numbers = this.#numbers.subarray(0, this.#length);
    this.#length = 0;
    this.#codes = new Int32Array(Math.max(64, numbers.length * 2));
    for (const value of numbers) {
      if (Number.isNaN(value)) this.#addCode(-1);
      else this.#addText(before === "date" ? isoDate(value) : String(value));
    }
    this.#numbers = new Float64Array(0);
    return this.#kind === kind;
  }
}

const MISSING = new Set(MISSING_WORDS);

/** The column as numbers when every text in it is one, or a missing word; null when it is not. */
function numbersIn({ name, codes, categories }: CodedColumn): NumericColumn | null {
  const encoder = new TextEncoder();
  const numbers = new Float64Array(categories.length);
  let found = 0;
  for (let code = 0; code < categories.length; code++) {
    const text = categories[code].trim();
    if (MISSING.has(text)) {
      numbers[code] = NaN;
      continue;
    }
    const bytes = encoder.encode(text);
    const value = parseNumber(bytes, 0, bytes.length, 46);
    if (value === NOT_A_NUMBER) return null;
    numbers[code] = value;
    found++;
  }
  if (found === 0) return null;
  const values = Float64Array.from(codes, (code) => code < 0 ? NaN : numbers[code]);
  return { name, storage: "numeric", type: "number", values };
}

function grown<T extends Float64Array | Int32Array>(old: T, needed: number, kind: new (n: number) => T): T {
  const larger = new kind(Math.max(needed, old.length * 2, 64));
  larger.set(old);
  return larger;
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, inner) => typeof inner === "bigint" ? Number(inner) : inner) ?? "";
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
