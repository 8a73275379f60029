/** A column of text from UTF-8 bytes, for formats that hold them so: no string a row, one a different value. */
import { ByteDictionary } from "./dictionary.ts";
import type { CodedColumn } from "./table.ts";
import { withUsedCategories } from "./used_categories.ts";

export class TextBuilder {
  readonly #words = new ByteDictionary();
  readonly #codes: Int32Array;
  #length = 0;

  constructor(readonly name: string, rows: number) {
    this.#codes = new Int32Array(rows).fill(-1);
  }

  get length(): number {
    return this.#length;
  }

  /** The code of a text, to be added any number of times; -1 (missing) for one of blanks only. */
  codeOf(bytes: Uint8Array, from = 0, to = bytes.length): number {
    for (let i = from; i < to; i++) if (bytes[i] > 32) return this.#words.codeOf(bytes, from, to);
    return -1;
  }

  /** @param code of the next row; -1 where it has no value */
  add(code: number): void {
    this.#codes[this.#length++] = code;
  }

  /** @returns the column; rows that were not added are missing */
  finish(): CodedColumn {
    const { name } = this;
    const categories = this.#words.strings();
    return withUsedCategories({ name, storage: "coded", type: "category", codes: this.#codes, categories });
  }
}
