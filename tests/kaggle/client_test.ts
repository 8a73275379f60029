import assert from "node:assert/strict";
import { AppError, type ErrorCode } from "@/shared/errors.ts";
import { parseRetryAfter } from "@/kaggle/api_error.ts";
import { bytesOf, CALL, FLOWERS, flowers, withScene } from "./scene.ts";

const ONE = { "some/flowers": flowers() };

async function fails(work: Promise<unknown>, code: ErrorCode, ...patterns: RegExp[]): Promise<void> {
  const error = await work.then(() => null, (thrown) => thrown);
  assert.ok(error instanceof AppError, `expected an AppError, got ${error}`);
  assert.equal(error.code, code);
  for (const pattern of patterns) assert.match(`${error.message} | ${error.hint}`, pattern);
}

Deno.test("a search sends what Kaggle's own client sends, and leaves defaults out", () =>
  withScene(ONE, async ({ kaggle, client }) => {
    const query = {
      search: "flowers",
      sortBy: "VOTES",
      fileType: "CSV",
      minSize: 1,
      owner: "some",
      pageToken: "",
      pageSize: 5,
    };
    const { datasets, nextPageToken } = await client().listDatasets(query, CALL);
    assert.deepEqual(datasets.map((found) => [found.ref, found.title, found.license, found.votes]), [
      ["some/flowers", "Flowers of the field", "CC0: Public Domain", 3],
    ]);
    assert.equal(nextPageToken, null);
    assert.equal(kaggle.seen[0].path, "/v1/datasets.DatasetApiService/ListDatasets");
    assert.deepEqual(kaggle.seen[0].body, {
      group: "DATASET_SELECTION_GROUP_USER",
      user: "some",
      sortBy: "DATASET_SORT_BY_VOTES",
      fileType: "DATASET_FILE_TYPE_GROUP_CSV",
      minSize: 1,
      search: "flowers",
      pageSize: 5,
    });
    assert.equal(kaggle.seen[0].headers["user-agent"], "mlmcp/test");
    assert.equal("authorization" in kaggle.seen[0].headers, false);
  }));

Deno.test("both styles of replies give the same data", () =>
  withScene({ "some/flowers": flowers({ subtitle: undefined }) }, async ({ kaggle, client }) => {
    const search = { search: "flowers", pageToken: "", pageSize: 5 };
    const plain = [
      await client().getDataset(FLOWERS, CALL),
      (await client().listDatasets(search, CALL)).datasets,
    ];
    kaggle.faults.nullableStyle = true;
    const older = [
      await client().getDataset(FLOWERS, CALL),
      (await client().listDatasets(search, CALL)).datasets,
    ];
    assert.deepEqual(older, plain);
    assert.equal((plain[0] as { subtitle?: string }).subtitle, undefined);
    assert.equal((plain[0] as { updatedAt?: string }).updatedAt, "2026-02-13T06:56:19.700Z");
  }));

Deno.test("files are listed page by page", () => {
  const files = Object.fromEntries(["a", "b", "c"].map((name) => [`${name}.csv`, bytesOf(name)]));
  return withScene({ "some/flowers": flowers({ files }) }, async ({ client }) => {
    const first = await client().listDatasetFiles(FLOWERS, { pageToken: "", pageSize: 2 }, CALL);
    const second = await client().listDatasetFiles(
      FLOWERS,
      { pageToken: first.nextPageToken!, pageSize: 2 },
      CALL,
    );
    assert.deepEqual([...first.files, ...second.files].map((file) => file.name), ["a.csv", "b.csv", "c.csv"]);
    assert.deepEqual([first.files[0].sizeBytes, second.nextPageToken], [1, null]);
  });
});

Deno.test("the credential goes to the API and never to the storage host", () =>
  withScene(ONE, async ({ kaggle, client }) => {
    for (const env of [{ KAGGLE_API_TOKEN: "KGAT_x" }, { KAGGLE_USERNAME: "good", KAGGLE_KEY: "good" }]) {
      const opened = await client(env).openDownload(
        FLOWERS,
        { version: null, file: "flowers.csv" },
        null,
        CALL,
      );
      await opened.body.cancel();
    }
    const [api, storage] = ["api", "storage"].map((host) => kaggle.seen.filter((seen) => seen.host === host));
    assert.deepEqual(api.map((seen) => seen.headers.authorization), ["Bearer KGAT_x", "Basic Z29vZDpnb29k"]);
    assert.equal(storage.length, 2);
    for (const seen of storage) {
      assert.equal(seen.method, "GET");
      assert.equal(JSON.stringify(seen).includes("KGAT_x"), false);
      assert.equal("authorization" in seen.headers, false);
      assert.equal(seen.headers["accept-encoding"], "identity");
    }
  }));

Deno.test("a download is refused when it leads to a host that is not listed", () =>
  withScene(ONE, async ({ kaggle, client }) => {
    kaggle.faults.location = "http://127.0.0.1:1/secret";
    const open = () => client().openDownload(FLOWERS, { version: null, file: null }, null, CALL);
    await fails(
      open(),
      "permission_denied",
      /127\.0\.0\.1:1, which is not a known storage host/,
      /kaggle\.storage_hosts/,
    );
    kaggle.faults.location = "file:///etc/passwd";
    await fails(open(), "permission_denied");
    assert.equal(kaggle.seen.some((seen) => seen.host === "storage"), false);
  }));

Deno.test("a redirect without end is given up", () =>
  withScene(ONE, async ({ kaggle, client }) => {
    kaggle.faults.storage = [];
    const loop = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) =>
      Response.redirect(request.url));
    kaggle.faults.location = `http://127.0.0.1:${loop.addr.port}/round`;
    const loopClient = client({}, { storageHosts: [`127.0.0.1:${loop.addr.port}`] });
    await fails(
      loopClient.openDownload(FLOWERS, { version: null, file: null }, null, CALL),
      "unavailable",
      /redirects/,
    );
    await loop.shutdown();
  }));

Deno.test("401 says which credential was refused, or how to get one", () =>
  withScene(ONE, async ({ kaggle, client }) => {
    await fails(
      client({ KAGGLE_API_TOKEN: "bad" }).getDataset(FLOWERS, CALL),
      "unauthenticated",
      /from KAGGLE_API_TOKEN/,
      /public data needs none/,
    );
    kaggle.faults.api = [401];
    await fails(client().getDataset(FLOWERS, CALL), "unauthenticated", /kaggle\.json/);
  }));

Deno.test("403 tells rules to accept from a data set that is private or gone", () =>
  withScene({ "some/flowers": flowers({ needsConsent: true }) }, async ({ client }) => {
    const wanted = { version: null, file: null };
    await fails(
      client().openDownload(FLOWERS, wanted, null, CALL),
      "failed_precondition",
      /accepted first/,
      /kaggle\.com\/datasets\/some\/flowers/,
    );
    const missing = { ...FLOWERS, slug: "gone" };
    await fails(
      client().getDataset(missing, CALL),
      "permission_denied",
      /does not exist, is private, was removed/,
      /kaggle\.com\/datasets\/some\/gone/,
    );
  }));

Deno.test("404 tells a missing file from a missing data set", () =>
  withScene(ONE, async ({ kaggle, client }) => {
    await fails(
      client().openDownload(FLOWERS, { version: null, file: "no.csv" }, null, CALL),
      "not_found",
      /no such file/,
      /list_dataset_files/,
    );
    kaggle.faults.api = [404];
    await fails(client().getDataset(FLOWERS, CALL), "not_found", /no such data set/);
  }));

Deno.test("429 is waited for when the wait is short, and told when it is long", () =>
  withScene(ONE, async ({ kaggle, client }) => {
    kaggle.faults.api = [429, 429];
    kaggle.faults.retryAfter = "0";
    assert.equal((await client().getDataset(FLOWERS, CALL)).version, 3);
    kaggle.faults.api = [429];
    kaggle.faults.retryAfter = "77";
    await fails(client().getDataset(FLOWERS, CALL), "resource_exhausted", /Wait 77 s/);
    assert.equal(kaggle.seen.length, 4, "a long wait is not tried again");
  }));

Deno.test("a faulty server is tried again, within bounds", () =>
  withScene(ONE, async ({ kaggle, client }) => {
    kaggle.faults.api = [500, 0];
    assert.equal((await client().getDataset(FLOWERS, CALL)).version, 3);
    kaggle.faults.api = [503, 502, 500, 500];
    await fails(client().getDataset(FLOWERS, CALL), "unavailable", /HTTP 500/);
    assert.equal(kaggle.seen.length, 6, "three tries a call");
    kaggle.faults.api = [400];
    await fails(client().getDataset(FLOWERS, CALL), "invalid_argument");
    assert.equal(kaggle.seen.length, 7, "a wrong request is not tried again");
  }));

Deno.test("a host that can't be reached is named, without the address's query", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const host = `127.0.0.1:${listener.addr.port}`;
  listener.close();
  await withScene(ONE, async ({ kaggle, client }) => {
    await fails(
      client({}, { baseUrl: `http://${host}` }).getDataset(FLOWERS, CALL),
      "unavailable",
      new RegExp(`${host} can't be reached, the connection was refused`),
      /sample/,
    );
    kaggle.faults.location = `http://${host}/x?signature=secret`;
    const misled = client({}, { storageHosts: [host] }).openDownload(
      FLOWERS,
      { version: null, file: null },
      null,
      CALL,
    );
    const error = await misled.then(() => null, (thrown) => thrown as AppError);
    assert.equal(error?.code, "unavailable");
    assert.doesNotMatch(`${error?.message} ${error?.hint}`, /secret/);
  });
});

Deno.test("an answer that is no JSON of Kaggle's is told as such", async () => {
  const portal = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<html>sign in</html>"),
  );
  await withScene(ONE, async ({ client }) => {
    const misled = client({}, { baseUrl: `http://127.0.0.1:${portal.addr.port}` });
    await fails(misled.getDataset(FLOWERS, CALL), "unavailable", /not Kaggle's JSON/, /proxy/);
  });
  await portal.shutdown();
});

Deno.test("an error inside a reply with HTTP 200 is an error", async () => {
  const api = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ code: 404, message: "NotFound" }),
  );
  await withScene(ONE, async ({ client }) => {
    await fails(
      client({}, { baseUrl: `http://127.0.0.1:${api.addr.port}` }).getDataset(FLOWERS, CALL),
      "not_found",
    );
  });
  await api.shutdown();
});

Deno.test("a call that nobody answers ends after its time, and one that is cancelled at once", async () => {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const mute = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    asked.resolve();
    await released.promise;
    return new Response();
  });
  await withScene(ONE, async ({ client }) => {
    const options = {
      baseUrl: `http://127.0.0.1:${mute.addr.port}`,
      timeoutMs: 30,
      retry: { tries: 1, backoffMs: 1, maxWaitMs: 1 },
    };
    await fails(client({}, options).getDataset(FLOWERS, CALL), "deadline_exceeded", /within 0\.03 s/);
    const stop = new AbortController();
    const call = client({}, { ...options, timeoutMs: 60_000 }).getDataset(FLOWERS, { signal: stop.signal });
    await asked.promise;
    stop.abort(new Error("enough"));
    await assert.rejects(call, /enough/);
  });
  released.resolve();
  await mute.shutdown();
});

Deno.test("Retry-After is read as seconds or as a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(parseRetryAfter("3", now), 3000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 2026 00:00:10 GMT", now), 10_000);
  assert.equal(parseRetryAfter(null, now), null);
  assert.equal(parseRetryAfter("soon", now), null);
});
