/** The emulator by itself, asked as clients ask. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { EmulatedDataset } from "./emulator/datasets.ts";
import { type Emulator, type EmulatorOptions, startEmulator } from "./emulator/emulator.ts";
import { bytesOf, CSV, flowers, noise } from "./scene.ts";

const BIG = noise(100_000);
const ONE = { "some/flowers": flowers({ files: { "big.bin": BIG, "data/a b.csv": CSV } }) };

async function withEmulator(
  options: EmulatorOptions,
  work: (emulator: Emulator) => Promise<void>,
): Promise<void> {
  const emulator = startEmulator(options);
  try {
    await work(emulator);
  } finally {
    await emulator.close();
  }
}

type Body = Record<string, unknown>;

async function rpc(emulator: Emulator, method: string, body: Body = {}, mount = "/v1/", auth?: string) {
  const response = await fetch(`${emulator.url}${mount}datasets.DatasetApiService/${method}`, {
    method: "POST",
    redirect: "manual",
    headers: { "content-type": "application/json", ...(auth ? { authorization: auth } : {}) },
    body: JSON.stringify({ ownerSlug: "some", datasetSlug: "flowers", ...body }),
  });
  const text = await response.text();
  return { response, body: text ? JSON.parse(text) : {} };
}

async function rest(emulator: Emulator, path: string, auth?: string) {
  const headers: HeadersInit = auth ? { authorization: auth } : {};
  const response = await fetch(`${emulator.url}/api/v1${path}`, { redirect: "manual", headers });
  const text = await response.text();
  return { response, body: text ? JSON.parse(text) : {} };
}

/** A link to the bytes of a file, or of everything. */
async function linkTo(emulator: Emulator, body: Body = { fileName: "big.bin" }): Promise<string> {
  const { response } = await rpc(emulator, "DownloadDataset", body);
  assert.deepEqual([response.status, response.headers.get("content-length")], [302, "0"]);
  return response.headers.get("location")!;
}

async function read(url: string, headers: HeadersInit = {}) {
  const response = await fetch(url, { headers: { "accept-encoding": "identity", ...headers } });
  return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
}

Deno.test("RPC answers at both of its places, and REST gives the same in its older style", () =>
  withEmulator({ datasets: ONE }, async (emulator) => {
    const plain = (await rpc(emulator, "GetDataset")).body;
    assert.deepEqual([plain.ref, plain.currentVersionNumber, plain.title], [
      "some/flowers",
      3,
      "Flowers of the field",
    ]);
    assert.equal("hasTitle" in plain, false);
    assert.deepEqual((await rpc(emulator, "GetDataset", {}, "/api/v1/")).body, plain);
    const older = (await rest(emulator, "/datasets/view/some/flowers")).body;
    for (const name of ["title", "currentVersionNumber", "licenseName"]) {
      const twin = `has${name[0].toUpperCase()}${name.slice(1)}`;
      assert.deepEqual([older[name], older[`${name}Nullable`], older[twin]], [
        plain[name],
        plain[name],
        true,
      ]);
    }
    assert.deepEqual([older.url, older.hasUrl, "urlNullable" in older], ["", false, false]);
    const { datasets } = (await rpc(emulator, "ListDatasets")).body;
    const list = (await rest(emulator, "/datasets/list?sortby=hottest")).body;
    assert.deepEqual([datasets.length, Array.isArray(list), list.length], [1, true, 1]);
  }));

Deno.test("a file is asked for in three ways over REST", () =>
  withEmulator({ datasets: ONE }, async (emulator) => {
    for (const path of ["/data/a%20b.csv?raw=false", "/data%2Fa%20b.csv", "?fileName=data%2Fa+b.csv"]) {
      const { response } = await rest(emulator, `/datasets/download/some/flowers${path}`);
      assert.equal(response.status, 302, path);
      assert.deepEqual((await read(response.headers.get("location")!)).bytes, CSV);
    }
  }));

Deno.test("files are listed in pages, and folders level by level", () => {
  const files = Object.fromEntries(Array.from({ length: 45 }, (_, i) => [`d/${i}.csv`, CSV]));
  return withEmulator(
    { datasets: { "some/flowers": flowers({ files: { ...files, "top.csv": CSV } }) } },
    async (emulator) => {
      const names: string[] = [];
      let pageToken: string | undefined;
      do {
        const { body } = await rpc(emulator, "ListDatasetFiles", { pageToken });
        names.push(...body.datasetFiles.map((file: { name: string }) => file.name));
        pageToken = body.nextPageToken;
      } while (pageToken);
      assert.deepEqual(names, [...Object.keys(files), "top.csv"]);
      const root = (await rpc(emulator, "ListTreeDatasetFiles")).body;
      assert.deepEqual([root.directories[0].relativeUrl, root.files[0].relativeUrl], ["d", "top.csv"]);
      assert.equal((await rpc(emulator, "ListTreeDatasetFiles", { path: "d" })).body.totalFiles, 45);
      assert.equal((await rpc(emulator, "ListTreeDatasetFiles", { path: "e" })).response.status, 404);
      assert.equal((await rpc(emulator, "ListDatasetFiles", { pageToken: "mine" })).response.status, 400);
    },
  );
});

Deno.test("storage honours Range and If-Range as RFC 9110 says", () =>
  withEmulator({ datasets: ONE }, async (emulator) => {
    const url = await linkTo(emulator);
    const whole = await read(url);
    const etag = whole.response.headers.get("etag")!;
    assert.deepEqual([whole.response.status, whole.bytes], [200, BIG]);
    const part = async (range: string, more: HeadersInit = {}) => {
      const { response, bytes } = await read(url, { range, ...more });
      return [response.status, response.headers.get("content-range"), bytes.length];
    };
    assert.deepEqual(await part("bytes=10-19"), [206, "bytes 10-19/100000", 10]);
    assert.deepEqual(await part("bytes=99990-"), [206, "bytes 99990-99999/100000", 10]);
    assert.deepEqual(await part("bytes=-5"), [206, "bytes 99995-99999/100000", 5]);
    assert.deepEqual(await part("bytes=100000-"), [416, "bytes */100000", 0]);
    assert.deepEqual(await part("bytes=5-4"), [200, null, 100_000]);
    assert.deepEqual(await part("bytes=10-19", { "if-range": etag }), [206, "bytes 10-19/100000", 10]);
    const modified = whole.response.headers.get("last-modified")!;
    assert.deepEqual(await part("bytes=10-19", { "if-range": modified }), [206, "bytes 10-19/100000", 10]);
    assert.deepEqual(await part("bytes=10-19", { "if-range": '"other"' }), [200, null, 100_000]);
  }));

Deno.test("storage tells the hashes of what it sends", () =>
  withEmulator(
    { datasets: { "some/flowers": flowers({ files: { "x.txt": bytesOf("123456789") } }) } },
    async (emulator) => {
      const url = await linkTo(emulator, { fileName: "x.txt" });
      const md5 = createHash("md5").update("123456789").digest("base64");
      const told = async () => (await read(url)).response.headers.get("x-goog-hash");
      assert.equal(await told(), `crc32c=4waSgw==,md5=${md5}`);
      emulator.faults.hashes = "crc32c";
      assert.equal(await told(), "crc32c=4waSgw==");
      emulator.faults.hashes = "none";
      assert.equal(await told(), null);
      emulator.faults.hashes = "wrong";
      assert.notEqual(await told(), `crc32c=4waSgw==,md5=${md5}`);
    },
  ));

Deno.test("a link ends, can't be changed, and is for GET alone", () =>
  withEmulator({ datasets: ONE }, async (emulator) => {
    const url = await linkTo(emulator);
    for (
      const changed of [
        url.replace("big.bin", "data/a%20b.csv"),
        url.replace(/Expires=\d+/, "Expires=9999999"),
      ]
    ) {
      const { response, bytes } = await read(changed);
      assert.equal(response.status, 403);
      assert.match(new TextDecoder().decode(bytes), /<Code>SignatureDoesNotMatch</);
    }
    assert.equal((await fetch(url, { method: "HEAD" })).status, 403);
    assert.equal((await read(url)).response.status, 200);
    emulator.expireLinks();
    assert.match(new TextDecoder().decode((await read(url)).bytes), /<Code>ExpiredToken</);
    emulator.faults.linkSeconds = 0;
    assert.equal((await read(await linkTo(emulator))).response.status, 403);
    emulator.faults.linkSeconds = 60;
    assert.equal((await read(await linkTo(emulator))).response.status, 200);
  }));

Deno.test("refusals have the status and the envelope of Kaggle", () => {
  const datasets = {
    ...ONE,
    "some/private": flowers({ isPrivate: true }),
    "some/rules": flowers({ needsConsent: true }),
  };
  return withEmulator({ datasets }, async (emulator) => {
    const codeOf = async (method: string, body: Body = {}, auth?: string) => {
      const { response, body: told } = await rpc(emulator, method, body, "/v1/", auth);
      return [response.status, told.error?.status];
    };
    assert.deepEqual(await codeOf("GetDataset", { datasetSlug: "none" }), [403, "PERMISSION_DENIED"]);
    assert.deepEqual(await codeOf("DownloadDataset", { fileName: "none" }), [404, "NOT_FOUND"]);
    assert.deepEqual(await codeOf("GetDataset", { datasetSlug: "private" }), [403, "PERMISSION_DENIED"]);
    assert.deepEqual(await codeOf("GetDataset", { datasetSlug: "private" }, "Bearer KGAT_x"), [
      200,
      undefined,
    ]);
    assert.deepEqual(await codeOf("GetDataset", {}, "Bearer KGAT_bad"), [401, "UNAUTHENTICATED"]);
    assert.deepEqual(await codeOf("GetDataset", {}, `Basic ${btoa("me:KGAT_x")}`), [401, "UNAUTHENTICATED"]);
    assert.deepEqual(await codeOf("GetDataset", { datasetVersionNumber: 99 }), [404, "NOT_FOUND"]);
    const rules = await rpc(emulator, "DownloadDataset", { datasetSlug: "rules" });
    assert.match(rules.body.error.message, /must accept/);
    const older = await rest(emulator, "/datasets/view/some/none");
    assert.deepEqual([older.response.status, older.body.code], [403, 403]);
    emulator.faults.api = [429];
    emulator.faults.retryAfter = "7";
    const busy = await rpc(emulator, "GetDataset");
    assert.deepEqual([busy.response.status, busy.response.headers.get("retry-after")], [429, "7"]);
  });
});

Deno.test("a folder is served: versions, metadata, what changes, and nothing hidden or linked", async () => {
  const root = await Deno.makeTempDir();
  const write = async (path: string, text: string) => {
    await Deno.mkdir(dirname(join(root, path)), { recursive: true });
    await Deno.writeTextFile(join(root, path), text);
  };
  await write("some/flowers/versions/1/old.csv", "old\n");
  await write("some/flowers/versions/2/new.csv", "new\n");
  await write("some/flowers/versions/2/.hidden", "hidden");
  await write(
    "some/flowers/dataset-metadata.json",
    JSON.stringify({ title: "Roses", licenses: [{ name: "CC0-1.0" }] }),
  );
  await write("some/plain/a.csv", "a\n");
  await Deno.symlink("/etc/hostname", join(root, "some/plain/link.csv"));
  try {
    await withEmulator({ root }, async (emulator) => {
      const told = (await rpc(emulator, "GetDataset")).body;
      assert.deepEqual([told.title, told.licenseName, told.currentVersionNumber], [
        "Roses",
        "CC0: Public Domain",
        2,
      ]);
      const namesOf = async (body: Body) =>
        (await rpc(emulator, "ListDatasetFiles", body)).body.datasetFiles.map((file: { name: string }) =>
          file.name
        );
      assert.deepEqual(await namesOf({}), ["new.csv"]);
      assert.deepEqual(await namesOf({ datasetVersionNumber: 1 }), ["old.csv"]);
      assert.deepEqual(await namesOf({ datasetSlug: "plain" }), ["a.csv"]);
      await write("some/plain/b.csv", "b\n");
      assert.deepEqual(await namesOf({ datasetSlug: "plain" }), ["a.csv", "b.csv"]);
      const zip = (await read(await linkTo(emulator, { datasetSlug: "plain" }))).bytes;
      assert.deepEqual(unzipSync(zip), { "a.csv": bytesOf("a\n"), "b.csv": bytesOf("b\n") });
      const outside = await rpc(emulator, "GetDataset", { ownerSlug: "..", datasetSlug: "etc" });
      assert.equal(outside.response.status, 403);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a search filters and sorts", () => {
  const sets: Record<string, EmulatedDataset> = {
    "ann/a": flowers({ title: "A", votes: 1, keywords: ["x"] }),
    "ann/b": flowers({ title: "B", votes: 9, license: "GPL 2", files: { "b.json": CSV } }),
    "bob/c": flowers({ title: "C", votes: 5, files: { "c.csv": noise(5000) } }),
  };
  return withEmulator({ datasets: sets }, async (emulator) => {
    const refs = async (body: Body) =>
      (await rpc(emulator, "ListDatasets", body)).body.datasets.map((found: { ref: string }) => found.ref);
    assert.deepEqual(await refs({ sortBy: "DATASET_SORT_BY_VOTES" }), ["ann/b", "bob/c", "ann/a"]);
    assert.deepEqual(await refs({ user: "ann" }), ["ann/a", "ann/b"]);
    assert.deepEqual(await refs({ license: "DATASET_LICENSE_GROUP_GPL" }), ["ann/b"]);
    assert.deepEqual(await refs({ fileType: "DATASET_FILE_TYPE_GROUP_JSON" }), ["ann/b"]);
    assert.deepEqual(await refs({ minSize: 4000 }), ["bob/c"]);
    assert.deepEqual(await refs({ tagIds: "x" }), ["ann/a"]);
    assert.deepEqual((await rest(emulator, "/datasets/list?sortby=votes&filetype=csv")).body.length, 2);
  });
});

Deno.test("faults by chance are the same for the same seed", async () => {
  const kindsOf = async (seed: number) => {
    const statuses: number[] = [];
    const random = { seed, rate: 0.5, kinds: ["busy", "api_error"] as const, stallMs: 1 };
    await withEmulator({ datasets: ONE, faults: { random } }, async (emulator) => {
      for (let i = 0; i < 40; i++) statuses.push((await rpc(emulator, "GetDataset")).response.status);
    });
    return statuses;
  };
  const [first, again, other] = [await kindsOf(1), await kindsOf(1), await kindsOf(2)];
  assert.deepEqual(again, first);
  assert.notDeepEqual(other, first);
  const good = first.filter((status) => status === 200).length;
  assert.ok(good > 8 && good < 32, `${good} of 40 were good`);
});

Deno.test("faults are switched over HTTP, and what was asked is shown without credentials", () =>
  withEmulator({ datasets: ONE }, async (emulator) => {
    const control = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(`${emulator.url}/emulator/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    };
    assert.equal((await control("POST", "faults", { cutAfter: [10] })).status, 200);
    await assert.rejects(linkTo(emulator).then((url) => read(url)), "the stream is cut");
    const wrong = await control("POST", "faults", { typo: 1 });
    assert.deepEqual([wrong.status, /typo/.test(wrong.body.message)], [400, true]);
    assert.equal((await control("POST", "faults", { bundle: "tar" })).body.bundle, "tar");
    assert.equal((await control("DELETE", "faults")).body.bundle, "zip");
    await rpc(emulator, "GetDataset", {}, "/v1/", "Bearer KGAT_secret");
    const { body } = await control("GET", "requests");
    assert.equal(JSON.stringify(body).includes("KGAT_secret"), false);
    assert.equal(body.at(-1).credential, "Bearer");
    await control("DELETE", "requests");
    assert.deepEqual((await control("GET", "requests")).body, []);
    assert.equal((await control("GET", "nothing")).status, 404);
  }));
