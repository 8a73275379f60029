/**
 * A small Kaggle on loopback: the RPC API on one port, the storage on another, as kaggle-api describes them.
 * Everything that arrives is kept in `seen`, and every fault is a switch.
 */
import { createHash } from "node:crypto";
import { zipSync } from "fflate";

export interface FakeDataset {
  title: string;
  subtitle?: string;
  description?: string;
  license: string;
  version: number;
  keywords?: string[];
  files: Record<string, Uint8Array>;
  /** Asks for the credential `Bearer good` or `Basic` of good:good. */
  isPrivate?: boolean;
  /** Refuses downloads until the rules are accepted. */
  needsConsent?: boolean;
}

export interface SeenRequest {
  host: "api" | "storage";
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

export interface Faults {
  /** Statuses of the next API replies, used up one by one; 0 breaks the connection. */
  api: number[];
  retryAfter: string | null;
  /** Cuts the next storage replies after so many bytes of body, used up one by one. */
  cutAfter: number[];
  /** Statuses of the next storage replies. */
  storage: number[];
  ignoreRange: boolean;
  /** Answers a range with at most so many bytes of it. */
  rangeBytes: number;
  sendNoValidator: boolean;
  /** Where DownloadDataset leads, instead of the storage. */
  location: string | null;
  /** The older style of replies: hasX and xNullable. */
  nullableStyle: boolean;
  /** Single files arrive as a zip of one member. */
  zipSingleFiles: boolean;
  /** Replaces the archive of a whole data set. */
  archive: Uint8Array | null;
  /** Storage waits with the second half of a body until this settles. */
  hold: Promise<void> | null;
}

export interface FakeKaggle {
  url: string;
  /** host:port of the storage. */
  storageHost: string;
  datasets: Record<string, FakeDataset>;
  seen: SeenRequest[];
  faults: Faults;
  close(): Promise<void>;
}

export function noFaults(): Faults {
  return {
    api: [],
    retryAfter: null,
    cutAfter: [],
    storage: [],
    ignoreRange: false,
    rangeBytes: Infinity,
    sendNoValidator: false,
    location: null,
    nullableStyle: false,
    zipSingleFiles: false,
    archive: null,
    hold: null,
  };
}

/** @param port of the API; 0 takes any free one (the real clients' TEST environment wants 7777) */
export function startFakeKaggle(datasets: Record<string, FakeDataset>, port = 0): FakeKaggle {
  const fake: FakeKaggle = {
    url: "",
    storageHost: "",
    datasets: { ...datasets },
    seen: [],
    faults: noFaults(),
    close,
  };
  const storage = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const talks = serveStorage(fake, storage);
  const api = Deno.serve(
    { hostname: "127.0.0.1", port, onListen: () => {} },
    (request) => onApi(fake, request),
  );
  fake.url = `http://127.0.0.1:${api.addr.port}`;
  fake.storageHost = `127.0.0.1:${storage.addr.port}`;
  return fake;

  async function close(): Promise<void> {
    storage.close();
    await Promise.all([api.shutdown(), talks]);
  }
}

async function onApi(fake: FakeKaggle, request: Request): Promise<Response> {
  const path = new URL(request.url).pathname;
  const text = await request.text();
  const body = text ? JSON.parse(text) : {};
  keep(fake, "api", request, body);
  const status = fake.faults.api.shift();
  if (status === 0) return breakConnection();
  if (status !== undefined && status !== 200) return refuse(fake, status, "made to fail");
  const authorization = request.headers.get("authorization");
  if (authorization?.includes("bad")) return refuse(fake, 401, "Unauthenticated");
  const method = /^(?:\/api)?\/v1\/datasets\.DatasetApiService\/(\w+)$/.exec(path)?.[1];
  if (request.method !== "POST" || !method) return refuse(fake, 404, "Not found");
  if (method === "ListDatasets") return Response.json(listDatasets(fake, body));
  const name = `${body.ownerSlug}/${body.datasetSlug}`;
  const dataset = fake.datasets[name];
  if (!dataset || (dataset.isPrivate && !authorization)) {
    return refuse(fake, 403, `Permission 'datasets.get' was denied`);
  }
  if (method === "GetDataset") return Response.json(styled(fake, summary(name, dataset)));
  if (method === "GetDatasetMetadata") {
    const info = {
      datasetSlug: body.datasetSlug,
      keywords: dataset.keywords ?? [],
      licenses: [{ name: dataset.license }],
      description: dataset.description,
    };
    return Response.json({ info });
  }
  if (method === "ListDatasetFiles") return Response.json(listFiles(fake, dataset, body));
  if (method === "DownloadDataset") return download(fake, name, dataset, body);
  return refuse(fake, 404, "Not found");
}

function summary(ref: string, dataset: FakeDataset): Record<string, unknown> {
  return {
    id: 1,
    ref,
    title: dataset.title,
    subtitle: dataset.subtitle,
    description: dataset.description,
    totalBytes: Object.values(dataset.files).reduce((sum, bytes) => sum + bytes.length, 0),
    licenseName: dataset.license,
    lastUpdated: "2026-02-13T06:56:19.7Z",
    downloadCount: 7,
    voteCount: 3,
    usabilityRating: 0.5,
    currentVersionNumber: dataset.version,
    ownerName: "Some One",
    tags: (dataset.keywords ?? []).map((keyword) => ({ ref: keyword, name: keyword })),
  };
}

/** With the older style on, each field gets its twins, as the REST replies have them. */
function styled(fake: FakeKaggle, reply: Record<string, unknown>): Record<string, unknown> {
  if (!fake.faults.nullableStyle) return reply;
  const twins: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(reply)) {
    const optional = !["id", "ref", "lastUpdated", "downloadCount", "voteCount", "tags"].includes(name);
    twins[name] = value ?? "";
    if (optional) twins[`has${name[0].toUpperCase()}${name.slice(1)}`] = value !== undefined;
    if (optional && value !== undefined) twins[`${name}Nullable`] = value;
  }
  return twins;
}

function listDatasets(fake: FakeKaggle, body: Record<string, unknown>): unknown {
  const words = String(body.search ?? "").toLowerCase();
  const all = Object.entries(fake.datasets)
    .filter(([ref, dataset]) => `${ref} ${dataset.title}`.toLowerCase().includes(words))
    .filter(([ref]) => body.user === undefined || ref.startsWith(`${body.user}/`));
  const from = body.pageToken ? Number(atob(String(body.pageToken))) : 0;
  const size = Number(body.pageSize ?? 20);
  const page = all.slice(from, from + size).map(([ref, dataset]) => styled(fake, summary(ref, dataset)));
  if (fake.faults.nullableStyle) return page;
  return {
    datasets: page,
    ...(from + size < all.length ? { nextPageToken: btoa(String(from + size)) } : {}),
  };
}

function listFiles(fake: FakeKaggle, dataset: FakeDataset, body: Record<string, unknown>): unknown {
  const all = Object.entries(dataset.files);
  const from = body.pageToken ? Number(atob(String(body.pageToken))) : 0;
  const size = Number(body.pageSize ?? 20);
  const files = all.slice(from, from + size).map(([name, bytes]) =>
    styled(fake, { name, totalBytes: bytes.length, creationDate: "2026-02-13T06:56:19.803Z" })
  );
  const next = from + size < all.length ? btoa(String(from + size)) : undefined;
  return { datasetFiles: files, ...(next ? { nextPageToken: next } : {}) };
}

function download(
  fake: FakeKaggle,
  name: string,
  dataset: FakeDataset,
  body: Record<string, unknown>,
): Response {
  if (dataset.needsConsent) {
    return refuse(fake, 403, "You must accept this dataset's rules before you can download it.");
  }
  const version = Number(body.datasetVersionNumber ?? dataset.version);
  if (version > dataset.version) return refuse(fake, 404, "Not found");
  const file = body.fileName as string | undefined;
  if (file !== undefined && !dataset.files[file]) return refuse(fake, 404, "Not found");
  const zipped = fake.faults.zipSingleFiles && !body.raw ? ".zip" : "";
  const path = file === undefined
    ? "bundle/archive.zip"
    : `files/${file.split("/").map(encodeURIComponent).join("/")}${zipped}`;
  const at = `http://${fake.storageHost}/${name}/${version}/${path}?X-Goog-Signature=signed`;
  return new Response(null, {
    status: 302,
    headers: { location: fake.faults.location ?? at, "content-length": "0" },
  });
}

/** By hand and not by Deno.serve, so that a reply can be cut at exactly one byte and closed as a dying host does. */
async function serveStorage(fake: FakeKaggle, listener: Deno.Listener<Deno.TcpConn>): Promise<void> {
  const talks: Promise<void>[] = [];
  for await (const conn of listener) talks.push(talk(fake, conn));
  await Promise.all(talks);
}

async function talk(fake: FakeKaggle, conn: Deno.TcpConn): Promise<void> {
  try {
    const request = await readRequest(fake, conn);
    const response = onStorage(fake, request);
    const body = new Uint8Array(await response.arrayBuffer());
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const head =
      `HTTP/1.1 ${response.status} X\r\n${headers}content-length: ${body.length}\r\nconnection: close\r\n\r\n`;
    await writeAll(conn, new TextEncoder().encode(head));
    const ok = response.status < 300;
    const cut = ok ? fake.faults.cutAfter.shift() : undefined;
    const hold = ok && cut === undefined ? fake.faults.hold : null;
    const half = hold ? Math.floor(body.length / 2) : 0;
    await writeAll(conn, body.subarray(0, half));
    await hold;
    await writeAll(conn, body.subarray(half, cut ?? body.length));
  } catch {
    /* the client went away */
  } finally {
    conn.close();
  }
}

/** A GET has no body: its head is all. */
async function readRequest(fake: FakeKaggle, conn: Deno.TcpConn): Promise<Request> {
  let head = "";
  const buffer = new Uint8Array(4096);
  while (!head.includes("\r\n\r\n")) {
    const read = await conn.read(buffer);
    if (read === null) throw new Error("the client went away");
    head += new TextDecoder().decode(buffer.subarray(0, read));
  }
  const [first, ...lines] = head.trimEnd().split("\r\n");
  const [method, path] = first.split(" ");
  const headers = lines.map((line) =>
    [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()] as [string, string]
  );
  return new Request(`http://${fake.storageHost}${path}`, { method, headers });
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function onStorage(fake: FakeKaggle, request: Request): Response {
  keep(fake, "storage", request, {});
  const status = fake.faults.storage.shift();
  if (status !== undefined && status !== 200) return new Response("<Error/>", { status });
  const bytes = storedBytes(fake, decodeURIComponent(new URL(request.url).pathname));
  if (bytes === null) return new Response("<Error/>", { status: 404 });
  const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
  const headers = new Headers({ "accept-ranges": "bytes", "content-type": "application/octet-stream" });
  if (!fake.faults.sendNoValidator) headers.set("etag", etag);
  headers.set("x-goog-hash", `md5=${createHash("md5").update(bytes).digest("base64")}`);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
  const ifRange = request.headers.get("if-range");
  if (!range || fake.faults.ignoreRange || (ifRange !== null && ifRange !== etag)) {
    return new Response(bytes as Uint8Array<ArrayBuffer>, { headers });
  }
  const from = Number(range[1]);
  if (from >= bytes.length) {
    headers.set("content-range", `bytes */${bytes.length}`);
    return new Response(null, { status: 416, headers });
  }
  const last = Math.min(range[2] ? Number(range[2]) : Infinity, bytes.length - 1);
  const to = Math.min(last, from + fake.faults.rangeBytes - 1);
  headers.set("content-range", `bytes ${from}-${to}/${bytes.length}`);
  return new Response(bytes.slice(from, to + 1), { status: 206, headers });
}

function storedBytes(fake: FakeKaggle, path: string): Uint8Array | null {
  const [, owner, slug, , kind, ...rest] = path.split("/");
  const dataset = fake.datasets[`${owner}/${slug}`];
  if (!dataset) return null;
  if (kind === "bundle") return fake.faults.archive ?? zipSync(dataset.files, { mtime: "2026-01-01" });
  const name = rest.join("/");
  if (dataset.files[name]) return dataset.files[name];
  const inside = name.replace(/\.zip$/, "");
  return dataset.files[inside]
    ? zipSync({ [inside.split("/").pop()!]: dataset.files[inside] }, { mtime: "2026-01-01" })
    : null;
}

function breakConnection(): Response {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("broken")),
  });
  return new Response(body, { headers: { "content-length": "100" } });
}

function refuse(fake: FakeKaggle, code: number, message: string): Response {
  const headers: Record<string, string> = fake.faults.retryAfter
    ? { "retry-after": fake.faults.retryAfter }
    : {};
  const nested = { error: { code, message, status: "X" } };
  return Response.json(fake.faults.nullableStyle ? { code, message } : nested, { status: code, headers });
}

function keep(
  fake: FakeKaggle,
  host: "api" | "storage",
  request: Request,
  body: Record<string, unknown>,
): void {
  const path = new URL(request.url).pathname;
  fake.seen.push({ host, method: request.method, path, headers: Object.fromEntries(request.headers), body });
}
