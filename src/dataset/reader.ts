/** The one interface of every file format. */
import type { Table } from "./table.ts";

export interface ReadOptions {
  /** The character between fields of delimited text. Default: found by itself. */
  separator?: string;
  /** Read only so many rows. Default: all. */
  max_rows?: number;
  /** Which table, of a file that holds several: a table of a database, a sheet, a file in a zip. */
  part?: string;
  /** At most so many rows, spread evenly over the table. Default: all. */
  sample_rows?: number;
  /** Memory that the table may take while it is read, as estimated. Default: no limit but the formats' own. */
  max_bytes?: number;
  /** Threads with the caller's, where a format is read by several. Default: the machine's cores. */
  threads?: number;
}

export interface Reader {
  name: string;
  /** Lower-case endings of file names, with the dot. */
  extensions: readonly string[];
  /** True for bytes that begin as this format does, whatever the file's name. */
  matches?(bytes: Uint8Array): boolean;
  /** True when a file may hold several tables, of which `part` names one. */
  hasParts?: boolean;
  /**
   * Plain columns; `readTable` infers the finer types.
   * @throws AppError invalid_argument "Cannot read the table: …"; anything else thrown is taken for damage
   */
  read(bytes: Uint8Array, options: ReadOptions): Promise<Table>;
}

/** True when the bytes begin with that text. */
export function startsWith(bytes: Uint8Array, magic: string): boolean {
  for (let i = 0; i < magic.length; i++) if (bytes[i] !== magic.charCodeAt(i)) return false;
  return true;
}
