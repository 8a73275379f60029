/** What a file of the web is called in the store: a name that says what is in it, and that any disk takes. */
import { isTableFile } from "@/dataset/readers.ts";
import { AppError } from "@/shared/errors.ts";
import type { WebAnswer } from "./web_file.ts";

/** The ending that a name gets when it has none that says what is in the file. */
const ENDINGS: [RegExp, string][] = [
  [/^text\/tab-separated-values/i, ".tsv"],
  [/^(text\/csv|application\/csv)/i, ".csv"],
  [/^application\/(x-)?ndjson|^application\/jsonl/i, ".jsonl"],
  [/^application\/json/i, ".json"],
  [/^application\/(vnd\.apache\.|x-)?parquet/i, ".parquet"],
  [/^application\/vnd\.openxmlformats-officedocument\.spreadsheetml/i, ".xlsx"],
  [/^application\/(x-)?zip/i, ".zip"],
  [/^application\/(x-)?gzip/i, ".csv.gz"],
  [/^text\/plain/i, ".txt"],
];

/**
 * What the server calls it, or the end of the address; with an ending that says what is in it.
 * @param last where the answer came from, and its headers
 * @throws AppError invalid_argument when neither name nor type tell that it is a table
 */
export function fileName(start: URL, { url, headers }: WebAnswer): string {
  const type = headers.get("content-type") ?? "";
  const names = [nameIn(headers.get("content-disposition") ?? ""), lastPart(start), lastPart(url)]
    .map(safeName).filter((name) => name !== "");
  const named = names.find(isTableFile);
  if (named) return named;
  const ending = ENDINGS.find(([pattern]) => pattern.test(type))?.[1];
  if (ending) return `${names[0] ?? "table"}${ending}`;
  throw new AppError("invalid_argument", `Cannot use ${start.href}: nothing says that it is a table`, {
    hint:
      `Its name is ${names[0] ?? "empty"} and its type "${
        type.slice(0, 60)
      }". Tables are CSV, JSON, Parquet, ` +
      "Arrow, SQLite or Excel files, also packed.",
  });
}

/** RFC 6266: `filename*` in UTF-8, else `filename`. */
function nameIn(disposition: string): string {
  const encoded = /filename\*\s*=\s*utf-8'[^']*'([^;]+)/i.exec(disposition)?.[1];
  if (encoded !== undefined) return decoded(encoded.trim());
  const plain = /filename\s*=\s*(?:"([^"]*)"|([^;\s]+))/i.exec(disposition);
  return plain?.[1] ?? plain?.[2] ?? "";
}

function lastPart(url: URL): string {
  return decoded(url.pathname.split("/").filter(Boolean).pop() ?? "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A name that any file system takes, and that stays inside its folder. */
function safeName(name: string): string {
  const last = name.split(/[\\/]/).pop()!;
  // deno-lint-ignore no-control-regex
  return last.replace(/[\x00-\x1f\x7f:*?"<>|]/g, "_").replace(/^\.+/, "").slice(-150);
}
