/**
 * The storage origin: signed GETs, Range, If-Range, ETag, x-goog-hash.
 *
 * By hand on TCP and not by Deno.serve, so that a reply can be cut at exactly one byte, stalled, and closed as a
 * dying host does.
 */
import { Buffer } from "node:buffer";
import { type Content, modifiedOf, piecesOf, sizeOf } from "./content.ts";
import { filesOf } from "./datasets.ts";
import { type RandomFault, STORAGE_FAULTS } from "./faults.ts";
import type { Target } from "./links.ts";
import { keep, type State } from "./state.ts";

interface Reply {
  status: number;
  headers: Record<string, string>;
  content: Content;
  from: number;
  to: number;
}

const LONGEST_HEAD = 64 * 1024;

/** Serves until the listener is closed, and then ends what is still open. */
export async function serveStorage(state: State, listener: Deno.Listener<Deno.TcpConn>): Promise<void> {
  const closing = new AbortController();
  const talks = new Set<Promise<void>>();
  for await (const conn of listener) {
    const talked = talk(state, conn, closing.signal).finally(() => talks.delete(talked));
    talks.add(talked);
  }
  closing.abort();
  await Promise.all(talks);
}

/** One request and its reply. */
async function talk(state: State, conn: Deno.TcpConn, closing: AbortSignal): Promise<void> {
  let open = true;
  const close = () => {
    if (open) conn.close();
    open = false;
  };
  closing.addEventListener("abort", close);
  try {
    const request = await readRequest(state, conn);
    keep(state, "storage", request, {});
    const fault = state.dice.fault(state.faults.random, STORAGE_FAULTS);
    const reply = await answer(state, request, fault);
    await writeHead(conn, reply);
    await writeBody(state, conn, reply, fault, closing);
  } catch {
    /* the client went away, or the emulator closes */
  } finally {
    closing.removeEventListener("abort", close);
    close();
  }
}

/** A GET has no body: its head is all. */
async function readRequest(state: State, conn: Deno.TcpConn): Promise<Request> {
  let head = "";
  const buffer = new Uint8Array(4096);
  while (!head.includes("\r\n\r\n")) {
    const read = await conn.read(buffer);
    if (read === null || head.length > LONGEST_HEAD) throw new Error("no complete head came");
    head += new TextDecoder().decode(buffer.subarray(0, read));
  }
  const [first, ...lines] = head.trimEnd().split("\r\n");
  const [method, path] = first.split(" ");
  const headers = lines.map((line) =>
    [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()] as [string, string]
  );
  return new Request(new URL(path, `http://127.0.0.1:${state.storagePort}`), { method, headers });
}

async function answer(state: State, request: Request, fault: RandomFault | null): Promise<Reply> {
  const { faults, dice } = state;
  const status = faults.storage.shift();
  if (status !== undefined && status !== 200) return refuse(status, "InternalError");
  if (fault === "storage_error") return refuse(dice.below(2) === 0 ? 500 : 503, "InternalError");
  if (fault === "expired") return refuse(403, "ExpiredToken");
  const target = state.links.read(request.method, new URL(request.url));
  if (target === "NoSuchKey") return refuse(404, target);
  if (typeof target === "string") return refuse(403, target);
  if (fault === "changed") state.generations.set(target.ref, generationOf(state, target) + 1);
  const content = await contentOf(state, target);
  if (content === null) return refuse(404, "NoSuchKey");

  const { md5, crc32c } = await state.hashes.of(content);
  const generation = generationOf(state, target);
  const etag = `"${Buffer.from(md5).toString("hex")}${generation > 0 ? `-${generation}` : ""}"`;
  const modified = new Date(modifiedOf(content).getTime() + generation * 1000).toUTCString();
  const headers: Record<string, string> = {
    "accept-ranges": "bytes",
    "content-type": target.file === null || target.zipped ? "application/zip" : "application/octet-stream",
    ...(faults.sendNoValidator ? {} : { etag, "last-modified": modified }),
  };
  const told = fault === "no_hash" ? "none" : fault === "wrong_hash" ? "wrong" : faults.hashes;
  if (told !== "none") headers["x-goog-hash"] = hashHeader(told, md5, crc32c);

  const size = sizeOf(content);
  const whole = { status: 200, headers, content, from: 0, to: size };
  const asked = rangeOf(request.headers.get("range"), size);
  if (asked === null || faults.ignoreRange || fault === "ignore_range") return whole;
  const ifRange = request.headers.get("if-range");
  if (ifRange !== null && (faults.sendNoValidator || ![etag, modified].includes(ifRange))) return whole;
  if (asked.from >= size) {
    return { ...whole, status: 416, headers: { ...headers, "content-range": `bytes */${size}` }, to: 0 };
  }
  if (fault === "shift_range") asked.from = dice.below(asked.from + 1);
  const most = fault === "short_range" ? 1 + dice.below(asked.to - asked.from) : faults.rangeBytes;
  const to = Math.min(asked.to, asked.from + most);
  headers["content-range"] = `bytes ${asked.from}-${to - 1}/${size}`;
  return { status: 206, headers, content, from: asked.from, to };
}

/** The bytes that a link stands for now; null when they are gone. */
async function contentOf(state: State, { ref, version, file, zipped }: Target): Promise<Content | null> {
  const { faults, shelf, archives } = state;
  const dataset = await shelf.find(ref);
  const files = dataset && filesOf(dataset, version);
  if (!files) return null;
  const generation = state.generations.get(ref) ?? 0;
  if (file === null) return faults.archive ?? await archives.of(files, faults.bundle, generation);
  if (!Object.hasOwn(files, file)) return null;
  if (!zipped) return files[file];
  return await archives.of({ [file.split("/").pop()!]: files[file] }, "zip", generation);
}

function generationOf(state: State, target: Target): number {
  return state.generations.get(target.ref) ?? 0;
}

function hashHeader(told: "both" | "md5" | "crc32c" | "wrong", md5: Uint8Array, crc32c: Uint8Array): string {
  const text = (bytes: Uint8Array) =>
    Buffer.from(told === "wrong" ? bytes.map((byte) => ~byte) : bytes).toString("base64");
  const parts = [];
  if (told !== "md5") parts.push(`crc32c=${text(crc32c)}`);
  if (told !== "crc32c") parts.push(`md5=${text(md5)}`);
  return parts.join(",");
}

/** One range as RFC 9110, 14.1.2 has it, as from and end; null: none, or one to ignore. */
function rangeOf(header: string | null, size: number): { from: number; to: number } | null {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!found || (found[1] === "" && found[2] === "")) return null;
  if (found[1] === "") return { from: Math.max(0, size - Number(found[2])), to: size };
  const from = Number(found[1]);
  const last = found[2] === "" ? size - 1 : Number(found[2]);
  return last < from && found[2] !== "" ? null : { from, to: Math.min(last + 1, size) };
}

function refuse(status: number, code: string): Reply {
  const text = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code>` +
    `<Message>The emulator refuses: ${code}.</Message></Error>`;
  const content = new TextEncoder().encode(text);
  const headers = { "content-type": "application/xml; charset=UTF-8" };
  return { status, headers, content, from: 0, to: content.length };
}

async function writeHead(conn: Deno.TcpConn, { status, headers, from, to }: Reply): Promise<void> {
  const all = { ...headers, "content-length": to - from, "connection": "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await writeAll(conn, new TextEncoder().encode(`HTTP/1.1 ${status} Emulated\r\n${lines}\r\n`));
}

async function writeBody(
  state: State,
  conn: Deno.TcpConn,
  { status, content, from, to }: Reply,
  fault: RandomFault | null,
  closing: AbortSignal,
): Promise<void> {
  const { faults, dice } = state;
  const ok = status < 300;
  const length = to - from;
  const cut = ok ? faults.cutAfter.shift() : undefined;
  if (cut !== undefined) return await writePart(conn, content, from, Math.min(to, from + cut));
  if (ok && (fault === "cut" || fault === "stall")) {
    await writePart(conn, content, from, from + dice.below(length));
    return fault === "stall" ? await silence(faults.random!.stallMs, conn, closing) : undefined;
  }
  if (ok && fault === "corrupt" && length > 0) {
    const at = from + dice.below(length);
    await writePart(conn, content, from, at);
    for await (const piece of piecesOf(content, at, at + 1)) {
      await writeAll(
        conn,
        piece.map((byte) => byte ^ 0x55),
      );
    }
    return await writePart(conn, content, at + 1, to);
  }
  if (ok && faults.pauseMs > 0) return await writeSlowly(conn, content, from, to, faults.pauseMs, closing);
  const half = ok && faults.hold ? from + Math.floor(length / 2) : to;
  await writePart(conn, content, from, half);
  if (half < to) {
    await Promise.race([faults.hold, aborted(closing)]);
    await writePart(conn, content, half, to);
  }
}

/** Until the time is up, the client hangs up or the emulator closes. */
async function silence(ms: number, conn: Deno.TcpConn, closing: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((done) => timer = setTimeout(done, ms));
  await Promise.race([over, aborted(closing), conn.read(new Uint8Array(1)).catch(() => {})]);
  clearTimeout(timer);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    signal.addEventListener("abort", () => done(), { once: true });
  });
}

async function writePart(conn: Deno.TcpConn, content: Content, from: number, to: number): Promise<void> {
  for await (const piece of piecesOf(content, from, to)) await writeAll(conn, piece);
}

const SLOW_PIECE = 64 * 1024;

async function writeSlowly(
  conn: Deno.TcpConn,
  content: Content,
  from: number,
  to: number,
  pauseMs: number,
  closing: AbortSignal,
): Promise<void> {
  for (let at = from; at < to && !closing.aborted; at += SLOW_PIECE) {
    await writePart(conn, content, at, Math.min(to, at + SLOW_PIECE));
    await new Promise((done) => setTimeout(done, pauseMs));
  }
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}
