import assert from "node:assert/strict";
import { join } from "node:path";
import { resolveDataset } from "@/dataset/store.ts";
import type { Downloaded } from "@/kaggle/download.ts";
import { sha256Hex } from "@/shared/hash.ts";
import { downloadUrl } from "@/sources/download_url.ts";
import { parseWebAddress } from "@/sources/web_address.ts";
import type { WebOptions } from "@/sources/web_file.ts";
import { type FakeWeb, startWeb, type WebPage } from "./web_server.ts";

const CSV = "a,b\n1,x\n2,y\n";

interface Scene {
  web: FakeWeb;
  folder: string;
  get(path: string, changes?: Partial<WebOptions>, force?: boolean): Promise<Downloaded>;
  /** The code, message and hint of the refusal. */
  refused(path: string, changes?: Partial<WebOptions>): Promise<string>;
}

async function withWeb(pages: Record<string, WebPage>, work: (scene: Scene) => Promise<void>): Promise<void> {
  const web = startWeb(pages);
  const folder = await Deno.makeTempDir();
  const get: Scene["get"] = (path, changes = {}, force = false) => {
    const options: WebOptions = {
      allowedHosts: [web.host],
      resolve: () => Promise.reject(new Error("no name is looked up")),
      userAgent: "test",
      timeoutMs: 5000,
      idleMs: 5000,
      retry: { tries: 3, backoffMs: 1, maxWaitMs: 5 },
      maxBytes: 1e6,
      ...changes,
    };
    const watch = { signal: new AbortController().signal, onProgress() {} };
    return downloadUrl(options, folder, parseWebAddress(web.url(path))!, force, watch);
  };
  try {
    await work({
      ...{ web, folder, get },
      refused: (path, changes) =>
        get(path, changes).then(
          () => "not refused",
          (error) => `${error.code} ${error.message} ${error.hint}`,
        ),
    });
  } finally {
    await web.close();
    await Deno.remove(folder, { recursive: true });
  }
}

async function incoming(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(join(folder, ".incoming")))).map(({ name }) => name)
    .filter((name) => name !== "locks");
}

Deno.test("a file of the web is stored with its address, version, hash and an unknown licence", () =>
  withWeb({ "/d/a%20b.csv": { body: CSV, headers: { etag: '"one"' } } }, async ({ web, folder, get }) => {
    const { manifest, cached } = await get("/d/a b.csv");
    const sha256 = sha256Hex(new TextEncoder().encode(CSV));
    assert.equal(cached, false);
    assert.deepEqual(
      [manifest.ref, manifest.version, manifest.license, manifest.title],
      [web.url("/d/a%20b.csv"), '"one"', "unknown", "a b.csv"],
    );
    assert.deepEqual(manifest.files, [{ name: "a b.csv", path: "files/a b.csv", size_bytes: 12, sha256 }]);
    for (const name of [manifest.dataset_id, web.url("/d/a b.csv"), web.url("/d/a%20b.csv#x")]) {
      const found = await resolveDataset(folder, name);
      assert.deepEqual([found!.sha256, found!.ref, found!.license], [sha256, manifest.ref, "unknown"], name);
    }
    assert.deepEqual(await incoming(folder), []);
    await assert.rejects(resolveDataset(folder, web.url("/other.csv")), /download_dataset|not in the store/);
  }));

Deno.test("what did not change is not fetched again; what did is a new version beside the old", () =>
  withWeb(
    { "/a.csv": { body: CSV, headers: { "last-modified": "Mon, 06 Jan 2025 10:00:00 GMT" } } },
    async (scene) => {
      const first = await scene.get("/a.csv");
      assert.equal(first.manifest.version, "2025-01-06T10:00:00.000Z");
      const again = await scene.get("/a.csv");
      assert.deepEqual([again.cached, again.notes, again.manifest], [true, [], first.manifest]);
      scene.web.pages["/a.csv"] = { body: `${CSV}3,z\n`, headers: { etag: '"two"' } };
      const changed = await scene.get("/a.csv");
      assert.deepEqual([changed.cached, changed.manifest.version], [false, '"two"']);
      assert.notEqual(changed.manifest.dataset_id, first.manifest.dataset_id);
      assert.equal((await scene.get("/a.csv")).manifest.dataset_id, changed.manifest.dataset_id);
      assert.ok(await resolveDataset(scene.folder, first.manifest.dataset_id), "the old one is still there");
    },
  ));

Deno.test("when nobody can tell whether it changed, the stored one comes with a note, and force fetches it", () =>
  withWeb({ "/a.csv": { body: CSV } }, async ({ web, get }) => {
    const { manifest } = await get("/a.csv");
    assert.match(manifest.version!, /^\d{4}-\d\d-\d\d$/);
    const again = await get("/a.csv");
    assert.deepEqual([again.cached, web.seen.length], [true, 1]);
    assert.match(again.notes.join(), /does not tell whether it changed.*force/);
    web.pages["/a.csv"] = { body: "a\n9\n", headers: { etag: '"x"' } };
    const forced = await get("/a.csv", {}, true);
    assert.deepEqual([forced.cached, forced.manifest.version], [false, '"x"']);
    delete web.pages["/a.csv"];
    const gone = await get("/a.csv");
    assert.deepEqual([gone.cached, gone.manifest.dataset_id], [true, forced.manifest.dataset_id]);
    assert.match(gone.notes.join(), /whether there is a newer one is unknown.*no such file/);
  }));

Deno.test("a download that broke off goes on where it was, and never mixes two versions", () => {
  const long = Array.from({ length: 40_000 }, (_, i) => `${i},${i % 7}`).join("\n");
  return withWeb({ "/a.csv": { body: `a,b\n${long}`, headers: { etag: '"one"' } } }, async ({ web, get }) => {
    web.cutAfter = [100_000, 100_000];
    const { manifest } = await get("/a.csv");
    assert.equal(manifest.files[0].sha256, sha256Hex(new TextEncoder().encode(`a,b\n${long}`)));
    const ranges = web.seen.map(({ headers }) => [headers.range, headers["if-range"]]);
    assert.deepEqual(ranges[0], [undefined, undefined]);
    assert.match(String(ranges[1][0]), /^bytes=[1-9]\d*-$/);
    assert.equal(ranges[1][1], '"one"');

    const changed = `a,b\n${long.replaceAll("1", "2")}`;
    // The first answer is to the question whether it changed.
    web.cutAfter = [Infinity, 100_000];
    web.pages["/a.csv"].headers = { etag: '"two"' };
    web.onCut = () => web.pages["/a.csv"] = { body: changed, headers: { etag: '"three"' } };
    const next = (await get("/a.csv")).manifest;
    assert.deepEqual([next.version, web.seen.at(-1)!.headers["if-range"]], ['"three"', '"two"']);
    assert.equal(next.files[0].sha256, sha256Hex(new TextEncoder().encode(changed)));
  });
});

Deno.test("a web page, a file that is no table, one too large and one that is missing are refused with the way out", () => {
  const html = { body: "<!DOCTYPE html><p>sign in", headers: { "content-type": "text/html; charset=utf-8" } };
  const hidden = { body: "\n <html><p>sign in", headers: { "content-type": "text/csv" } };
  // Of the wrong kind and too large: the kind is told, so its bytes were not waited for.
  const image = { body: "\x89PNG".repeat(1e6), headers: { "content-type": "image/png" } };
  const pages = {
    ...{
      "/page.csv": html,
      "/hidden.csv": hidden,
      "/x.png": image,
      "/secret.csv": { body: "", status: 403 },
    },
    ...{ "/long.csv": { body: "a\n".repeat(1000) }, "/empty": { body: "", status: 204 } },
  };
  return withWeb(pages, async ({ folder, refused, web }) => {
    assert.match(await refused("/page.csv"), /^invalid_argument .*web page \(HTML\).*download link/);
    assert.match(await refused("/hidden.csv"), /^invalid_argument .*web page \(HTML\)/);
    assert.match(await refused("/x.png"), /^invalid_argument .*nothing says that it is a table.*image\/png/);
    assert.match(await refused("/secret.csv"), /^permission_denied .*Download the file yourself/);
    assert.match(await refused("/gone.csv"), /^not_found .*no such file/);
    assert.match(await refused("/empty"), /^failed_precondition .*HTTP 204/);
    assert.match(
      await refused("/long.csv", { maxBytes: 1999 }),
      /^resource_exhausted .*more than 1999 bytes/,
    );
    assert.equal(web.seen.filter(({ path }) => path === "/long.csv").length, 1, "it is not tried again");
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), [".incoming"]);
  });
});

Deno.test("a file without a telling name is named after its type, and a name from the server stays in the folder", () =>
  withWeb({
    "/export": { body: CSV, headers: { "content-type": "text/csv" } },
    "/get": { body: CSV, headers: { "content-disposition": 'attachment; filename="../../a/b.csv"' } },
    "/utf": {
      body: CSV,
      headers: { "content-disposition": "attachment; filename*=UTF-8''donn%C3%A9es.csv" },
    },
  }, async ({ get }) => {
    const names = [];
    for (const path of ["/export", "/get", "/utf"]) names.push((await get(path)).manifest.files[0].name);
    assert.deepEqual(names, ["export.csv", "b.csv", "données.csv"]);
  }));

Deno.test("redirects are followed to listed hosts only, by every hop, and not for ever", () =>
  withWeb({}, async ({ web, get, refused }) => {
    const other = startWeb({ "/a.csv": { body: CSV } });
    try {
      web.pages["/ok"] = { body: "", status: 302, headers: { location: "/there" } };
      web.pages["/there"] = { body: "", status: 307, headers: { location: other.url("/a.csv") } };
      web.pages["/round"] = { body: "", status: 301, headers: { location: "/round" } };
      web.pages["/inside"] = {
        body: "",
        status: 302,
        headers: { location: "https://169.254.169.254/latest" },
      };
      web.pages["/file"] = { body: "", status: 302, headers: { location: "file:///etc/passwd" } };
      assert.match(await refused("/ok"), /^permission_denied .*not among the allowed hosts/);
      assert.equal(other.seen.length, 0, "the other host was not asked");
      assert.equal(
        (await get("/ok", { allowedHosts: [web.host, other.host] })).manifest.files[0].name,
        "a.csv",
      );
      assert.match(await refused("/round"), /^unavailable .*redirects lead nowhere/);
      const list = { allowedHosts: [web.host, "169.254.169.254"] };
      assert.match(await refused("/inside", list), /^permission_denied .*no public address/);
      assert.match(await refused("/file"), /^permission_denied/);
    } finally {
      await other.close();
    }
  }));
