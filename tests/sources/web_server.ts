/** A web server on loopback whose files, headers and faults a test sets. */
export interface WebPage {
  body: Uint8Array | string;
  headers?: Record<string, string>;
  status?: number;
}

export interface FakeWeb {
  /** host:port, as it is listed. */
  host: string;
  url(path: string): string;
  pages: Record<string, WebPage>;
  /** Bytes after which the next answers break off, one after the other. */
  cutAfter: number[];
  /** Called when one has broken off. */
  onCut: () => void;
  seen: { path: string; headers: Record<string, string> }[];
  close(): Promise<void>;
}

export function startWeb(pages: Record<string, WebPage>): FakeWeb {
  const web: Omit<FakeWeb, "host" | "url" | "close"> = { pages, cutAfter: [], onCut() {}, seen: [] };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const path = new URL(request.url).pathname;
    web.seen.push({ path, headers: Object.fromEntries(request.headers) });
    const page = web.pages[path];
    if (!page) return new Response("not here", { status: 404 });
    const bytes = typeof page.body === "string" ? new TextEncoder().encode(page.body) : page.body;
    const headers = new Headers(page.headers);
    const asked = (name: string) => request.headers.get(name);
    const validators = [headers.get("etag"), headers.get("last-modified")].filter((value) => value !== null);
    const known = asked("if-none-match") ?? asked("if-modified-since");
    if (known !== null && validators.includes(known)) return new Response(null, { status: 304, headers });
    const range = /^bytes=(\d+)-/.exec(asked("range") ?? "");
    const ifRange = asked("if-range");
    const from = range && (ifRange === null || validators.includes(ifRange)) ? Number(range[1]) : 0;
    if (from > 0) headers.set("content-range", `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
    const rest = bytes.slice(from);
    headers.set("content-length", String(rest.length));
    const cut = web.cutAfter.shift();
    const status = page.status ?? (from > 0 ? 206 : 200);
    if (cut === undefined) return new Response(status === 204 ? null : rest, { status, headers });
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(rest.subarray(0, cut));
      },
      pull(controller) {
        // Fewer bytes than were promised: the connection is closed.
        controller.close();
        if (cut < rest.length) web.onCut();
      },
    });
    return new Response(stream, { status, headers });
  });
  const host = `127.0.0.1:${server.addr.port}`;
  return Object.assign(web, {
    host,
    url: (path: string) => `http://${host}${path}`,
    close: () => server.shutdown(),
  });
}
