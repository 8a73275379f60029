/** Files that are given to the store instead of copied. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { addDataset, datasetFolder, findDataset, setSource } from "@/dataset/store.ts";

const TEXT = "a,b\n1,x\n";

async function withFolder(run: (store: string, file: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "part");
    await Deno.writeTextFile(file, TEXT);
    await run(join(folder, "datasets"), file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const about = { ref: "ann/roses", version: "2", title: "Roses", license: "CC0-1.0", source: "a garden" };
const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);

Deno.test("a file that is moved is gone from where it was, and gives the same data set as a copy", () =>
  withFolder(async (store, file) => {
    const copied = await addDataset(store, { ...about, files: [{ name: "data/a.csv", path: file }] });
    assert.ok(await isThere(file));
    await Deno.remove(datasetFolder(store, copied), { recursive: true });
    const moved = await addDataset(store, {
      ...about,
      files: [{ name: "data/a.csv", path: file, move: true }],
    });
    assert.deepEqual([moved.dataset_id, moved.sha256, moved.files], [
      copied.dataset_id,
      copied.sha256,
      copied.files,
    ]);
    assert.equal(await isThere(file), false);
    assert.equal(await Deno.readTextFile(join(datasetFolder(store, moved), "files/data/a.csv")), TEXT);
  }));

Deno.test("another source changes neither id nor files", () =>
  withFolder(async (store, file) => {
    const stored = await addDataset(store, { ...about, files: [{ name: "a.csv", path: file }] });
    await setSource(store, stored, "a meadow");
    assert.deepEqual(await findDataset(store, stored.dataset_id), { ...stored, source: "a meadow" });
  }));
