import assert from "node:assert/strict";
import { join } from "node:path";
import {
  addDataset,
  addSample,
  datasetFolder,
  findDataset,
  listDatasets,
  resolveDataset,
} from "@/dataset/store.ts";
import { findSample } from "@/dataset/samples.ts";
import { AppError, type ErrorCode } from "@/shared/errors.ts";
import { sha256Hex } from "@/shared/hash.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function inStore(run: (store: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(join(folder, "datasets"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function dataset(files: Record<string, string>, more = {}) {
  return {
    ref: "ann/roses",
    version: "2",
    title: "Roses",
    license: "CC0-1.0",
    source: "a garden",
    files: Object.entries(files).map(([name, text]) => ({ name, bytes: bytesOf(text) })),
    ...more,
  };
}

const rejects = (promise: Promise<unknown>, code: ErrorCode, message: RegExp, hint = /./) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.hint, hint);
    return true;
  });

Deno.test("addDataset stores files that resolveDataset reads again", () =>
  inStore(async (store) => {
    const manifest = await addDataset(
      store,
      dataset({ "data/roses.csv": "a,b\n1,2\n", "README.md": "x" }, { target: "b" }),
    );
    assert.match(manifest.dataset_id, /^ds_[0-9a-f]{16}$/);
    assert.ok(manifest.sha256.startsWith(manifest.dataset_id.slice(3)));
    assert.deepEqual(manifest.files.map(({ name, path, size_bytes }) => [name, path, size_bytes]), [
      ["README.md", "files/README.md", 1],
      ["data/roses.csv", "files/data/roses.csv", 8],
    ]);
    const stored = join(datasetFolder(store, manifest), "files/data/roses.csv");
    const expected = {
      name: "roses.csv",
      bytes: bytesOf("a,b\n1,2\n"),
      is_sample: false,
      path: stored,
      dataset_id: manifest.dataset_id,
      ref: "ann/roses",
      version: "2",
      license: "CC0-1.0",
      sha256: sha256Hex(bytesOf("a,b\n1,2\n")),
      target: "b",
      task: null,
    };
    const { dataset_id } = manifest;
    for (
      const name of [
        dataset_id,
        `${dataset_id}/data/roses.csv`,
        `${dataset_id}/roses.csv`,
        "ann/roses",
        "ann/roses/versions/2",
        "ann/roses/versions/2/roses.csv",
        "ann/roses/data/roses.csv",
      ]
    ) assert.deepEqual(await resolveDataset(store, name), expected, name);
    await rejects(resolveDataset(store, `${dataset_id}/x.csv`), "not_found", /"x.csv"/, /data\/roses.csv/);
    assert.equal(await resolveDataset(store, "ann/roses/versions/3"), null);
    await rejects(
      resolveDataset(store, "ds_0123456789abcdef"),
      "not_found",
      /not in the store/,
      /download_dataset/,
    );
  }));

Deno.test("addDataset gives the same id for the same content, and another one for other content", () =>
  inStore(async (store) => {
    const one = await addDataset(store, dataset({ "a.csv": "x", "b.csv": "y" }));
    const again = await addDataset(store, dataset({ "b.csv": "y", "a.csv": "x" }, { title: "Other title" }));
    assert.deepEqual(again, one);
    const others = [
      await addDataset(store, dataset({ "a.csv": "x", "b.csv": "z" })),
      await addDataset(store, dataset({ "a.csv": "x", "c.csv": "y" })),
      await addDataset(store, dataset({ "a.csv": "x", "b.csv": "y" }, { version: "3" })),
      await addDataset(store, dataset({ "a.csv": "x", "b.csv": "y" }, { ref: "bob/roses" })),
    ];
    const ids = new Set([one, ...others].map(({ dataset_id }) => dataset_id));
    assert.equal(ids.size, 5);
    assert.deepEqual(new Set((await listDatasets(store)).map(({ dataset_id }) => dataset_id)), ids);
  }));

Deno.test("addDataset ends with one dataset when many write the same at once", () =>
  inStore(async (store) => {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => addDataset(store, dataset({ "a.csv": "a\n1\n" }))),
    );
    assert.equal(new Set(all.map(({ dataset_id, created_at }) => dataset_id + created_at)).size, 1);
    assert.deepEqual(Array.from(Deno.readDirSync(store), ({ name }) => name), [all[0].dataset_id]);
  }));

Deno.test("addDataset copies a file by its path, and leaves nothing when that fails", () =>
  inStore(async (store) => {
    const path = join(store, "..", "big.csv");
    await Deno.writeTextFile(path, "a,b\n1,2\n");
    const file = { name: "big.csv", path };
    const manifest = await addDataset(store, dataset({}, { files: [file] }));
    assert.equal(manifest.files[0].sha256, sha256Hex(bytesOf("a,b\n1,2\n")));
    assert.equal(await Deno.readTextFile(path), "a,b\n1,2\n");
    const gone = { name: "gone.csv", path: `${path}.gone` };
    await rejects(addDataset(store, dataset({}, { files: [file, gone] })), "not_found", /./);
    assert.deepEqual(Array.from(Deno.readDirSync(store), ({ name }) => name), [manifest.dataset_id]);
  }));

Deno.test("addDataset refuses names that leave the folder or that a system can't hold", () =>
  inStore(async (store) => {
    for (
      const name of [
        "../x",
        "/x",
        "a/../../x",
        "a//b",
        "",
        ".",
        "a\\b",
        "c:x",
        "a\0b",
        "a\nb",
        `${"x".repeat(300)}.csv`,
      ]
    ) await rejects(addDataset(store, dataset({ [name]: "x" })), "invalid_argument", /not a safe file name/);
    await rejects(
      addDataset(store, dataset({ "a.csv": "x", "A.csv": "y" })),
      "invalid_argument",
      /two files named/,
    );
    await rejects(addDataset(store, dataset({})), "invalid_argument", /no files/);
  }));

Deno.test("addDataset removes what a killed process left a day ago, and keeps what is under way", () =>
  inStore(async (store) => {
    await Deno.mkdir(join(store, ".new-old/files"), { recursive: true });
    await Deno.mkdir(join(store, ".new-young"), { recursive: true });
    await Deno.utime(join(store, ".new-old"), 0, 0);
    const { dataset_id } = await addDataset(store, dataset({ "a.csv": "x" }));
    assert.deepEqual(Array.from(Deno.readDirSync(store), ({ name }) => name).sort(), [
      ".new-young",
      dataset_id,
    ]);
    assert.equal((await listDatasets(store)).length, 1);
  }));

Deno.test("findDataset gives null where there is none, and the newest version of a ref", () =>
  inStore(async (store) => {
    assert.deepEqual(await listDatasets(store), []);
    assert.equal(await findDataset(store, "ann/roses"), null);
    assert.equal(await findDataset(store, "ds_0123456789abcdef"), null);
    const first = await addDataset(store, dataset({ "a.csv": "1" }, { version: "1" }));
    const path = join(datasetFolder(store, first), "manifest.json");
    await Deno.writeTextFile(path, JSON.stringify({ ...first, created_at: "2001-01-01T00:00:00.000Z" }));
    const second = await addDataset(store, dataset({ "a.csv": "2" }));
    assert.deepEqual(await findDataset(store, "ann/roses"), second);
    assert.equal((await findDataset(store, "ann/roses/versions/1"))?.dataset_id, first.dataset_id);
    assert.deepEqual(await findDataset(store, second.dataset_id), second);
  }));

Deno.test("resolveDataset chooses the table for training, else the only CSV, else the largest table", () =>
  inStore(async (store) => {
    const nameOf = async (files: Record<string, string>) =>
      (await resolveDataset(store, (await addDataset(store, dataset(files))).dataset_id))!.name;
    assert.equal(
      await nameOf({ "test.csv": "a,b\n1,2\n3,4\n", "train.csv": "a,b\n", "x.txt": "1" }),
      "train.csv",
    );
    assert.equal(await nameOf({ "notes.txt": "long text, with words\n", "a.csv": "a\n" }), "a.csv");
    assert.equal(await nameOf({ "small.csv": "a\n", "large.csv": "a\n1\n" }), "large.csv");
    assert.equal(await nameOf({ "strain.tsv": "a\n", "b.tsv": "a\n1\n" }), "b.tsv");
    await rejects(nameOf({ "a.png": "x" }), "invalid_argument", /no table file/, /a\.png/);
  }));

Deno.test("resolveDataset refuses a stored file that was changed", () =>
  inStore(async (store) => {
    const manifest = await addDataset(store, dataset({ "a.csv": "a\n1\n" }));
    await Deno.writeTextFile(join(datasetFolder(store, manifest), "files/a.csv"), "a\n2\n");
    await rejects(resolveDataset(store, manifest.dataset_id), "data_loss", /not what was downloaded/);
  }));

Deno.test("resolveDataset answers for samples without a store", async () => {
  const iris = (await resolveDataset("/nowhere", "sample/iris"))!;
  assert.equal(iris.name, "iris.csv");
  assert.equal(new TextDecoder().decode(iris.bytes), findSample("iris").text);
  assert.deepEqual([iris.ref, iris.path, iris.dataset_id, iris.target, iris.task], [
    "sample/iris",
    null,
    null,
    "species",
    "classification",
  ]);
  assert.equal((await resolveDataset("/nowhere", "sample/iris/iris.csv"))!.sha256, iris.sha256);
  await rejects(resolveDataset("/nowhere", "sample/roses"), "not_found", /sample\/roses/, /sample\/iris/);
  await rejects(resolveDataset("/nowhere", "sample/iris/x.csv"), "not_found", /"x.csv"/);
  await rejects(resolveDataset("/nowhere", " "), "invalid_argument", /no name/);
});

Deno.test("addSample stores an embedded data set under its ref", () =>
  inStore(async (store) => {
    const manifest = await addSample(store, "titanic");
    const found = (await resolveDataset(store, manifest.dataset_id))!;
    assert.deepEqual([found.ref, found.name, found.target, found.task], [
      "sample/titanic",
      "titanic.csv",
      "survived",
      "classification",
    ]);
    assert.equal((await findDataset(store, "sample/titanic"))?.dataset_id, manifest.dataset_id);
  }));

Deno.test("resolveDataset leaves to others what is no name of the store", () =>
  inStore(async (store) => {
    for (const name of ["/data/a.csv", "./a.csv", "a.csv", "~/a.csv", "folder", "ann/roses", "C:\\a.csv"]) {
      assert.equal(await resolveDataset(store, name), null, name);
    }
  }));
