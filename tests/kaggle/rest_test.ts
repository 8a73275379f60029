/** The client where Kaggle's RPC API is not there: it speaks REST. */
import assert from "node:assert/strict";
import { AppError } from "@/shared/errors.ts";
import { listFolder } from "@/kaggle/folder.ts";
import { restCall } from "@/kaggle/rest_call.ts";
import { bytesOf, CALL, CSV, FLOWERS, flowers, type Scene, withScene } from "./scene.ts";

const FILES = { "flowers.csv": CSV, "a b/ü & 1.txt": bytesOf("hello"), "a b/deep/x.txt": bytesOf("x") };
const ONE = { "some/flowers": flowers({ files: FILES }) };

/** Every call that there is, and what it gave. */
async function everything(scene: Scene) {
  const client = scene.client({ KAGGLE_API_TOKEN: "KGAT_x" });
  const query = {
    search: "flowers",
    fileType: "CSV",
    license: "CC",
    minSize: 1,
    owner: "some",
    pageToken: "",
  };
  const { datasets } = await client.listDatasets({ ...query, sortBy: "DOWNLOAD_COUNT", pageSize: 5 }, CALL);
  const wanted = { version: 3, file: "a b/ü & 1.txt", raw: true };
  const opened = await client.openDownload(FLOWERS, wanted, null, CALL);
  return {
    datasets,
    details: await client.getDataset(FLOWERS, CALL),
    metadata: await client.getDatasetMetadata(FLOWERS, CALL),
    files: await client.listDatasetFiles({ ...FLOWERS, version: 3 }, { pageToken: "", pageSize: 2 }, CALL),
    folder: await listFolder(client, FLOWERS, "a b", CALL),
    text: await new Response(opened.body).text(),
  };
}

Deno.test("without RPC every call goes over REST and gives the same", () =>
  withScene(ONE, async (scene) => {
    const overRpc = await everything(scene);
    assert.deepEqual([overRpc.text, overRpc.folder], ["hello", ["a b/deep/x.txt", "a b/ü & 1.txt"]]);
    assert.equal(overRpc.datasets.length, 1);
    scene.kaggle.seen.length = 0;
    scene.kaggle.faults.styles = "rest";
    const overRest = await everything(scene);
    assert.deepEqual(overRest, overRpc);
    const api = scene.kaggle.seen.filter(({ host }) => host === "api");
    assert.deepEqual(
      api.slice(0, 3).map(({ method }) => method),
      ["POST", "GET", "GET"],
      "RPC is tried once",
    );
    assert.ok(api.every(({ headers }) => headers.authorization === "Bearer KGAT_x"));
  }));

Deno.test("a data set that is missing is no reason to speak REST", () =>
  withScene(ONE, async (scene) => {
    for (const status of [403, 404]) {
      scene.kaggle.faults.api = [status];
      await assert.rejects(scene.client().getDataset(FLOWERS, CALL));
    }
    assert.deepEqual(scene.kaggle.seen.map(({ method }) => method), ["POST", "POST"]);
  }));

Deno.test("REST's errors are told as RPC's", () =>
  withScene(ONE, async (scene) => {
    scene.kaggle.faults.styles = "rest";
    const refused = (work: Promise<unknown>) => work.then(() => null, (error: AppError) => error.code);
    const client = scene.client();
    assert.equal(await refused(client.getDataset({ ...FLOWERS, slug: "gone" }, CALL)), "permission_denied");
    const wanted = { version: null, file: "no.csv" };
    assert.equal(await refused(client.openDownload(FLOWERS, wanted, null, CALL)), "not_found");
    scene.kaggle.faults.api = [429];
    scene.kaggle.faults.retryAfter = "60";
    assert.equal(await refused(client.getDataset(FLOWERS, CALL)), "resource_exhausted");
  }));

Deno.test("a bare list is read to its end by counted pages", () => {
  const many = Object.fromEntries(
    Array.from({ length: 45 }, (_, i) => [`some/set-${i}`, flowers({ title: `Flowers ${i}` })]),
  );
  return withScene(many, async (scene) => {
    scene.kaggle.faults.styles = "rest";
    const client = scene.client();
    const refs: string[] = [];
    let pageToken: string | null = "";
    while (pageToken !== null) {
      const page = await client.listDatasets({ search: "flowers", pageToken, pageSize: 20 }, CALL);
      refs.push(...page.datasets.map(({ ref }) => ref));
      pageToken = page.nextPageToken;
    }
    assert.deepEqual(refs.sort(), Object.keys(many).sort());
  });
});

Deno.test("where neither API is, the address is said to be wrong", async () => {
  const other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<html>404</html>", { status: 404 }),
  );
  await withScene(ONE, async ({ client }) => {
    const lost = client({}, { baseUrl: `http://127.0.0.1:${other.addr.port}` });
    await assert.rejects(
      lost.getDataset(FLOWERS, CALL),
      (error) =>
        error instanceof AppError && error.code === "unavailable" && /kaggle\.url is wrong/.test(error.hint),
    );
  });
  await other.shutdown();
});

Deno.test("a call is written as the last client that spoke REST wrote it", () => {
  const body = {
    group: "DATASET_SELECTION_GROUP_USER",
    user: "some",
    sortBy: "DATASET_SORT_BY_DOWNLOAD_COUNT",
  };
  assert.equal(restCall("ListDatasets", body), "/datasets/list?group=user&user=some&sortby=download_count");
  const file = { ownerSlug: "o", datasetSlug: "s", fileName: "dir/a b.csv", datasetVersionNumber: 2 };
  assert.equal(
    restCall("DownloadDataset", file),
    "/datasets/download/o/s/dir/a%20b.csv?datasetversionnumber=2",
  );
});
