/**
 * The one way from a narrowed Worker to files outside the home.
 *
 * The Worker parses untrusted tables and runs the tools, and can read only the home. The main thread, a few
 * lines that never look inside a file, hands it the files that a caller names by path, if the policy below allows.
 */
import { basename, dirname, extname, join, resolve, sep } from "node:path";
import { AppError, fromWireError, toWireError, type WireError } from "./errors.ts";
import { writeAtomic } from "./atomic_file.ts";
import { readFileShared } from "./read_file.ts";
import { SELF_PATH } from "./self_command.ts";
import { writeFolder } from "./write_folder.ts";

/** What may pass, by the end of the name: what the readers of src/dataset read (a test compares). */
export const TABLE_NAMES =
  /\.(csv|tsv|tab|psv|txt|data|json|jsonl|ndjson|parquet|pq|arrow|feather|ipc|arrows|sqlite|sqlite3|db|xlsx|xlsm)(\.(gz|zst|zstd|zip))?$|\.zip$/i;
const MODEL_NAMES = /\.(safetensors|onnx)$/i;
const PAGE_NAMES = /\.html?$/i;

export interface FoundFile {
  name: string;
  path: string;
  size_bytes: number;
}

/** Bytes [from, to) of a file. */
export interface ByteRange {
  from: number;
  to: number;
}

export type DoorRequest =
  | { op: "find_tables"; path: string }
  | { op: "read_table"; path: string; range?: ByteRange }
  | { op: "read_model"; path: string }
  | { op: "write_model"; path: string; bytes: Uint8Array }
  | { op: "write_page"; path: string; bytes: Uint8Array }
  | { op: "write_folder"; path: string; files: Record<string, Uint8Array>; with_program: boolean };

export type DoorOp = DoorRequest["op"];

/** The Worker's side. */
export interface FileDoor {
  /** The table file at that path, or those directly inside that folder. */
  findTables(path: string): Promise<FoundFile[]>;
  /** @param range only these bytes */
  readTable(path: string, range?: ByteRange): Promise<Uint8Array>;
  readModel(path: string): Promise<Uint8Array>;
  writeModel(path: string, bytes: Uint8Array): Promise<void>;
  /** A page for people. */
  writePage(path: string, bytes: Uint8Array): Promise<void>;
  /** A folder as a whole; `with_program` puts this program's own file in, as `mlmcp`. */
  writeFolder(path: string, files: Record<string, Uint8Array>, with_program: boolean): Promise<void>;
}

export interface DoorPolicy {
  cwd: string;
  /** Folders that paths must lie in; empty: anywhere that is not hidden. */
  folders: readonly string[];
  /** The home of mlmcp lies in a hidden folder, and is allowed all the same. */
  home: string;
}

/** @throws AppError permission_denied, not_found or invalid_argument, naming the path and the rule */
export async function openDoor(
  request: DoorRequest,
  policy: DoorPolicy,
): Promise<FoundFile[] | Uint8Array | null> {
  const path = resolve(policy.cwd, request.path);
  const writes = request.op.startsWith("write_");
  const wanted = writes ? realPlace(path) : realPath(path);
  refuseOutside(path, wanted, policy);
  if (request.op === "write_folder") {
    await Deno.mkdir(dirname(wanted), { recursive: true });
    const program = request.with_program ? { from: SELF_PATH, name: "mlmcp" } : null;
    await writeFolder(wanted, request.files, program);
    return null;
  }
  if (request.op === "write_model" || request.op === "write_page") {
    // The real place, too: a link must not lead a page to a file of another kind.
    for (const name of [path, wanted]) {
      if (request.op === "write_page") refuseName(name, PAGE_NAMES, "a page (.html)");
      else refuseName(name, MODEL_NAMES, "a model file (.safetensors or .onnx)");
    }
    await Deno.mkdir(dirname(wanted), { recursive: true });
    await writeAtomic(wanted, request.bytes);
    return null;
  }
  const info = await Deno.stat(wanted);
  if (request.op === "find_tables" && info.isDirectory) {
    const found: FoundFile[] = [];
    for await (const entry of Deno.readDir(wanted)) {
      if (!entry.isFile || !TABLE_NAMES.test(entry.name)) continue;
      const inside = join(wanted, entry.name);
      found.push({ name: entry.name, path: inside, size_bytes: (await Deno.stat(inside)).size });
    }
    return found.sort((a, b) => a.name < b.name ? -1 : 1);
  }
  if (!info.isFile) {
    throw new AppError(
      "invalid_argument",
      `Cannot read ${path}: it is ${info.isDirectory ? "a folder" : "not a regular file"}`,
      {
        hint: "Give the path of a file.",
      },
    );
  }
  if (request.op === "read_model") refuseName(wanted, MODEL_NAMES, "a model file (.safetensors or .onnx)");
  else refuseName(wanted, TABLE_NAMES, "a table file (such as .csv, .parquet, .xlsx, .json or .csv.gz)");
  if (request.op === "find_tables") return [{ name: basename(wanted), path: wanted, size_bytes: info.size }];
  if (request.op === "read_table" && request.range) return await readFileRange(wanted, request.range);
  return request.op === "read_table" ? await readFileShared(wanted) : await Deno.readFile(wanted);
}

/** Fewer bytes where the file ends before. */
export async function readFileRange(path: string, { from, to }: ByteRange): Promise<Uint8Array> {
  using file = await Deno.open(path);
  await file.seek(from, Deno.SeekMode.Start);
  const bytes = new Uint8Array(to - from);
  let at = 0;
  while (at < bytes.length) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new AppError("not_found", `Cannot find ${path}: there is no such file or folder`, {
        hint: "Give an absolute path, or one from the folder that mlmcp was started in.",
      });
    }
    throw new AppError("permission_denied", `Cannot read ${path}: ${(error as Error).message}`, {
      hint: "The user that runs mlmcp must be allowed to read it.",
    });
  }
}

/** Where a file that may not exist yet would really lie: links on the way that exists are followed. */
function realPlace(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) || dirname(path) === path) throw error;
    return join(realPlace(dirname(path)), basename(path));
  }
}

/** What in the home is no data of the caller's, by the first part of its path there. */
const CLOSED: [RegExp, string][] = [
  [/^keys$/, "the keys of mlmcp"],
  [/^holdouts$/, "the sealed rows of mlmcp"],
  [/^(state\.db.*|locks|logs)$/, "the state of mlmcp"],
];

function refuseOutside(asked: string, real: string, policy: DoorPolicy): void {
  const inside = (folder: string) =>
    real === folder || real.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  // The home, or a folder of the settings, may itself be reached through a link.
  const home = realPlace(policy.home);
  if (inside(home)) {
    const room = real.slice(home.length).split(sep)[1] ?? "";
    const closed = CLOSED.find(([name]) => name.test(room));
    if (!closed) return;
    throw new AppError("permission_denied", `Cannot open ${asked}: it belongs to ${closed[1]}`);
  }
  if (policy.folders.length > 0) {
    if (policy.folders.some((folder) => inside(realPlace(resolve(policy.cwd, folder))))) return;
    throw new AppError(
      "permission_denied",
      `Cannot open ${asked}: it lies outside the allowed data folders`,
      {
        hint: `Allowed: ${policy.folders.join(", ")}. Change training.data_folders or MLMCP_DATA_FOLDERS.`,
      },
    );
  }
  const hidden = real.split(sep).find((part) => part.startsWith(".") && part.length > 1);
  const system = /^\/(proc|sys|dev)(\/|$)/.test(real);
  if (!hidden && !system) return;
  throw new AppError(
    "permission_denied",
    `Cannot open ${asked}: ${hidden ? `it lies in the hidden folder ${hidden}` : "it is no data"}`,
    {
      hint: "Move the file elsewhere, or name its folder in training.data_folders or MLMCP_DATA_FOLDERS.",
    },
  );
}

function refuseName(path: string, allowed: RegExp, rule: string): void {
  if (allowed.test(path)) return;
  throw new AppError("invalid_argument", `Cannot open ${path}: the name must end as ${rule} does`, {
    hint: extname(path) ? `It ends in ${extname(path)}.` : "It has no ending.",
  });
}

interface DoorMessage {
  type: "door";
  id: number;
  request: DoorRequest;
}

export interface DoorAnswer {
  type: "door_answer";
  id: number;
  value?: FoundFile[] | Uint8Array | null;
  error?: WireError;
}

/** The main thread's side: answers what the Worker asks. */
export async function answerDoor(message: DoorMessage, policy: DoorPolicy): Promise<DoorAnswer> {
  try {
    return { type: "door_answer", id: message.id, value: await openDoor(message.request, policy) };
  } catch (error) {
    return { type: "door_answer", id: message.id, error: toWireError(error) };
  }
}

/** The Worker's side, over its own message port. `receive` must be called with each answer. */
export function doorThrough(
  post: (message: DoorMessage) => void,
): { door: FileDoor; receive(answer: DoorAnswer): void } {
  let last = 0;
  const waiting = new Map<number, { done(value: unknown): void; failed(error: unknown): void }>();
  const ask = <T>(request: DoorRequest) =>
    new Promise<T>((done, failed) => {
      const id = ++last;
      waiting.set(id, { done: done as (value: unknown) => void, failed });
      post({ type: "door", id, request });
    });
  return {
    door: {
      findTables: (path) => ask<FoundFile[]>({ op: "find_tables", path }),
      readTable: (path, range) => ask<Uint8Array>({ op: "read_table", path, ...(range ? { range } : {}) }),
      readModel: (path) => ask<Uint8Array>({ op: "read_model", path }),
      writeModel: (path, bytes) => ask<void>({ op: "write_model", path, bytes }),
      writePage: (path, bytes) => ask<void>({ op: "write_page", path, bytes }),
      writeFolder: (path, files, with_program) =>
        ask<void>({ op: "write_folder", path, files, with_program }),
    },
    receive(answer) {
      const entry = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (answer.error) entry?.failed(fromWireError(answer.error));
      else entry?.done(answer.value);
    },
  };
}
