import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { datasetFolder, type DatasetManifest, listDatasets } from "@/dataset/store.ts";
import { AppError } from "@/shared/errors.ts";
import { downloadDataset, type DownloadRequest } from "@/kaggle/download.ts";
import { makeZip } from "./make_zip.ts";
import { bytesOf, CSV, FLOWERS, flowers, noise, type Scene, withScene } from "./scene.ts";

const ONE = { "some/flowers": flowers() };
const BIG = { "some/flowers": flowers({ files: { "big.csv": noise(300_000) } }) };

function get(scene: Scene, request: Partial<DownloadRequest> = {}, signal = new AbortController().signal) {
  const watch = { signal, onProgress: () => {} };
  return downloadDataset(scene.client(), scene.folder, {
    ref: FLOWERS,
    files: null,
    force: false,
    ...request,
  }, watch);
}

async function contents(scene: Scene, manifest: DatasetManifest): Promise<Record<string, Uint8Array>> {
  const folder = datasetFolder(scene.folder, manifest);
  const read = manifest.files.map(async (file) =>
    [file.name, await Deno.readFile(join(folder, file.path))] as const
  );
  return Object.fromEntries(await Promise.all(read));
}

const methodsOf = (scene: Scene) =>
  scene.kaggle.seen.map((seen) => seen.host === "api" ? seen.path.split("/").pop() : "storage");

async function failure(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(() => null, (thrown) => thrown);
  assert.ok(error instanceof AppError, `expected an AppError, got ${error}`);
  return error;
}

/** The downloads that left something. */
function leftovers(scene: Scene): string[] {
  return [...Deno.readDirSync(join(scene.folder, ".incoming"))].filter((entry) => entry.name !== "locks").map(
    (
      entry,
    ) => entry.name,
  );
}

Deno.test("a data set is downloaded, unpacked and stored with version, licence and hashes", () =>
  withScene(ONE, async (scene) => {
    const { manifest, cached } = await get(scene);
    assert.equal(cached, false);
    assert.deepEqual(await contents(scene, manifest), scene.kaggle.datasets["some/flowers"].files);
    const { ref, version, title, license, source } = manifest;
    assert.deepEqual({ ref, version, title, license, source }, {
      ref: "some/flowers",
      version: "3",
      title: "Flowers of the field",
      license: "CC0: Public Domain",
      source: "https://www.kaggle.com/datasets/some/flowers",
    });
    assert.deepEqual(leftovers(scene), []);
  }));

Deno.test("a second download is answered from the store", () =>
  withScene(ONE, async (scene) => {
    const first = await get(scene);
    scene.kaggle.seen.length = 0;
    const pinned = await get(scene, { ref: { ...FLOWERS, version: 3 } });
    assert.deepEqual([pinned.cached, pinned.manifest.dataset_id, methodsOf(scene)], [
      true,
      first.manifest.dataset_id,
      [],
    ]);
    const newest = await get(scene);
    assert.deepEqual([newest.cached, methodsOf(scene)], [true, ["GetDataset"]]);
  }));

Deno.test("a newer version becomes an entry beside the older one", () =>
  withScene({ "some/flowers": flowers() }, async (scene) => {
    const old = await get(scene);
    scene.kaggle.datasets["some/flowers"] = flowers({
      version: 4,
      files: { "flowers.csv": bytesOf("a\n9\n") },
    });
    const { manifest, cached } = await get(scene);
    assert.deepEqual([cached, manifest.version], [false, "4"]);
    const again = await get(scene, { ref: { ...FLOWERS, version: 3 } });
    assert.equal(again.manifest.dataset_id, old.manifest.dataset_id);
  }));

Deno.test("the store answers, with a note, when Kaggle can't be asked for a newer version", () =>
  withScene(ONE, async (scene) => {
    await get(scene);
    scene.kaggle.faults.api = [500];
    const { cached, notes } = await get(scene);
    assert.equal(cached, true);
    assert.match(notes[0], /version 3 from the store.*HTTP 500/);
  }));

Deno.test("force downloads again, and equal bytes give the same entry", () =>
  withScene(ONE, async (scene) => {
    const first = await get(scene);
    const again = await get(scene, { force: true });
    assert.deepEqual([again.cached, again.manifest.dataset_id], [false, first.manifest.dataset_id]);
    assert.equal(methodsOf(scene).filter((name) => name === "storage").length, 2);
  }));

Deno.test("chosen files are fetched alone, and are another entry than the whole", () =>
  withScene(ONE, async (scene) => {
    const part = await get(scene, { files: ["flowers.csv"] });
    assert.deepEqual(await contents(scene, part.manifest), { "flowers.csv": CSV });
    assert.deepEqual(scene.kaggle.seen.find((seen) => seen.path.endsWith("DownloadDataset"))?.body, {
      ownerSlug: "some",
      datasetSlug: "flowers",
      fileName: "flowers.csv",
      datasetVersionNumber: 3,
    });
    const whole = await get(scene);
    assert.deepEqual([whole.cached, whole.manifest.files.length], [false, 2]);
    const same = await get(scene, { ref: { ...FLOWERS, file: "flowers.csv" } });
    assert.deepEqual([same.cached, same.manifest.dataset_id], [true, part.manifest.dataset_id]);
  }));

Deno.test("chosen files come from the stored whole without a download", () =>
  withScene(ONE, async (scene) => {
    await get(scene);
    scene.kaggle.seen.length = 0;
    const { manifest, cached } = await get(scene, {
      ref: { ...FLOWERS, version: 3 },
      files: ["more/notes.txt"],
    });
    assert.equal(cached, true);
    assert.deepEqual(await contents(scene, manifest), { "more/notes.txt": bytesOf("hello") });
    assert.deepEqual(scene.kaggle.seen, []);
  }));

Deno.test("a file that Kaggle packs on the way is unpacked to what was asked for", () =>
  withScene(ONE, async (scene) => {
    scene.kaggle.faults.zipSingleFiles = true;
    const { manifest } = await get(scene, { files: ["flowers.csv", "more/notes.txt"] });
    assert.deepEqual(await contents(scene, manifest), scene.kaggle.datasets["some/flowers"].files);
  }));

Deno.test("a zip that was asked for by name stays a zip", () => {
  const zip = makeZip([{ name: "inside.csv", content: CSV }]);
  return withScene({ "some/flowers": flowers({ files: { "images.zip": zip } }) }, async (scene) => {
    const { manifest } = await get(scene, { files: ["images.zip"] });
    assert.deepEqual(await contents(scene, manifest), { "images.zip": zip });
  });
});

Deno.test("a file that is not there is told, and nothing is stored", () =>
  withScene(ONE, async (scene) => {
    const error = await failure(get(scene, { files: ["flowers.csv", "none.csv"] }));
    assert.equal(error.code, "not_found");
    assert.match(error.message, /none\.csv of some\/flowers/);
    assert.deepEqual(await listDatasets(scene.folder), []);
  }));

const TREE = {
  "top.csv": CSV,
  "data/a.csv": bytesOf("a\n1\n"),
  "data/deep/er/b.csv": bytesOf("b\n1\n"),
  "data/empty.csv": new Uint8Array(),
  "database.csv": CSV,
};
const IN_DATA = Object.fromEntries(Object.entries(TREE).filter(([name]) => name.startsWith("data/")));
const WITH_FOLDERS = { "some/flowers": flowers({ files: TREE }) };

for (
  const [how, request] of [
    ["with a slash", { files: ["data/"] }],
    ["without one", { files: ["data"] }],
    ["in the reference", { ref: { ...FLOWERS, file: "data" } }],
  ] as const
) {
  Deno.test(`a folder named ${how} is fetched with all below it, once, and nothing else is`, () =>
    withScene(WITH_FOLDERS, async (scene) => {
      const { manifest, cached } = await get(scene, request);
      assert.equal(cached, false);
      assert.deepEqual(await contents(scene, manifest), IN_DATA);
      assert.equal(methodsOf(scene).filter((name) => name === "storage").length, 3);
      scene.kaggle.seen.length = 0;
      const again = await get(scene, { ...request, ref: { ...FLOWERS, ...request.ref, version: 3 } });
      assert.deepEqual([again.cached, again.manifest.dataset_id, methodsOf(scene)], [
        true,
        manifest.dataset_id,
        [],
      ]);
    }));
}

Deno.test("a folder and a file beside it are one selection, and come from the stored whole", () =>
  withScene(WITH_FOLDERS, async (scene) => {
    const files = ["top.csv", "data/deep/"];
    const fetched = await get(scene, { files });
    assert.deepEqual(Object.keys(await contents(scene, fetched.manifest)), ["data/deep/er/b.csv", "top.csv"]);
    await get(scene);
    scene.kaggle.seen.length = 0;
    const { manifest, cached } = await get(scene, { ref: { ...FLOWERS, version: 3 }, files: ["data/"] });
    assert.deepEqual([cached, await contents(scene, manifest), methodsOf(scene)], [true, IN_DATA, []]);
  }));

Deno.test("a folder of hundreds of files in many pages comes whole", () => {
  const files = Object.fromEntries(
    Array.from({ length: 450 }, (_, i) => [`many/${i % 2 ? "odd/" : ""}${i}.txt`, bytesOf(String(i))]),
  );
  return withScene({ "some/flowers": flowers({ files }) }, async (scene) => {
    const { manifest } = await get(scene, { files: ["many/"] });
    assert.deepEqual(await contents(scene, manifest), files);
  });
});

Deno.test("a folder that is not there is told", () =>
  withScene(WITH_FOLDERS, async (scene) => {
    for (const name of ["none/", "dat", "top.csv/"]) {
      const error = await failure(get(scene, { files: [name] }));
      assert.deepEqual([error.code, /list_dataset_files/.test(error.hint)], ["not_found", true]);
    }
  }));

Deno.test("chosen files that are all there are count as the whole, and the other way round", () =>
  withScene({ "some/flowers": flowers({ files: { "one.csv": CSV } }) }, async (scene) => {
    const part = await get(scene, { files: ["one.csv"] });
    const whole = await get(scene);
    assert.equal(whole.manifest.dataset_id, part.manifest.dataset_id);
    assert.deepEqual([(await get(scene)).cached, (await get(scene, { files: ["one.csv"] })).cached], [
      true,
      true,
    ]);
    assert.equal((await get(scene)).manifest.source, "https://www.kaggle.com/datasets/some/flowers");
  }));

for (const bundle of ["tar", "tar.gz"] as const) {
  Deno.test(`a data set that comes as ${bundle} is unpacked`, () =>
    withScene(WITH_FOLDERS, async (scene) => {
      scene.kaggle.faults.bundle = bundle;
      assert.deepEqual(await contents(scene, (await get(scene)).manifest), TREE);
    }));
}

Deno.test("a data set that is larger than the disk is refused before its bytes are asked for", () => {
  const huge = { path: "/nowhere", size: 1e15, modified: new Date() };
  return withScene({ "some/flowers": flowers({ files: { "huge.csv": huge } }) }, async (scene) => {
    const error = await failure(get(scene));
    assert.equal(error.code, "resource_exhausted");
    assert.match(
      `${error.message} ${error.hint}`,
      /takes 1000000\.0 GB, and the disk of .* has .* left Free some/,
    );
    assert.deepEqual(methodsOf(scene), ["GetDataset"]);
  });
});

Deno.test("a web page in the place of the data is told, and never stored", () =>
  withScene(ONE, async (scene) => {
    const portal = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("<html>sign in</html>", { headers: { "content-type": "text/html" } }),
    );
    const host = `127.0.0.1:${portal.addr.port}`;
    scene.kaggle.faults.location = `http://${host}/flowers.csv`;
    const client = scene.client({}, { storageHosts: [host] });
    const watch = { signal: new AbortController().signal, onProgress: () => {} };
    for (const files of [null, ["flowers.csv"]]) {
      const error = await failure(
        downloadDataset(client, scene.folder, { ref: FLOWERS, files, force: false }, watch),
      );
      assert.equal(error.code, "unavailable");
      assert.match(error.message, /sent a web page instead/);
    }
    assert.deepEqual(await listDatasets(scene.folder), []);
    await portal.shutdown();
  }));

Deno.test("the progress of several files is told as one, and never falls", () => {
  const files = Object.fromEntries(["a", "b", "c"].map((name) => [`${name}.csv`, noise(200_000)]));
  return withScene({ "some/flowers": flowers({ files }) }, async (scene) => {
    // The first file starts over: what came of it no longer counts.
    scene.kaggle.faults.cutAfter = [150_000];
    scene.kaggle.faults.sendNoValidator = true;
    const told: [number, number | null][] = [];
    const watch = {
      signal: new AbortController().signal,
      onProgress: (done: number, total: number | null) => told.push([done, total]),
    };
    const request = { ref: FLOWERS, files: Object.keys(files), force: false };
    await downloadDataset(scene.client(), scene.folder, request, watch);
    assert.deepEqual(told.at(-1), [600_000, 600_000]);
    assert.ok(told.every(([done], i) => i === 0 || done >= told[i - 1][0]), "it falls");
  });
});

Deno.test("a hostile archive is refused, nothing of it stays, and a good one works afterwards", () =>
  withScene(ONE, async (scene) => {
    scene.kaggle.faults.archive = makeZip([{ name: "good.csv", content: CSV }, {
      name: "../../evil.csv",
      content: CSV,
    }]);
    const error = await failure(get(scene));
    assert.equal(error.code, "invalid_argument");
    assert.match(error.message, /"\.\.\/\.\.\/evil\.csv"/);
    assert.deepEqual(await listDatasets(scene.folder), []);
    assert.deepEqual([...Deno.readDirSync(scene.folder)].map((entry) => entry.name), [".incoming"]);
    scene.kaggle.faults.archive = null;
    assert.equal((await get(scene)).manifest.files.length, 2);
  }));

Deno.test("a damaged archive is told and fetched anew by the next call", () =>
  withScene(BIG, async (scene) => {
    scene.kaggle.faults.archive = new Uint8Array(1000);
    assert.equal((await failure(get(scene))).code, "data_loss");
    scene.kaggle.faults.archive = null;
    assert.equal((await get(scene)).cached, false);
  }));

Deno.test("a cancelled download goes on later with the part that it left", () =>
  withScene(BIG, async (scene) => {
    const released = Promise.withResolvers<void>();
    scene.kaggle.faults.hold = released.promise;
    const stop = new AbortController();
    const watch = { signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) };
    const request = { ref: FLOWERS, files: null, force: false };
    await assert.rejects(downloadDataset(scene.client(), scene.folder, request, watch), /enough/);
    scene.kaggle.faults.hold = null;
    released.resolve();
    const { manifest } = await get(scene);
    assert.deepEqual(await contents(scene, manifest), scene.kaggle.datasets["some/flowers"].files);
    assert.match(scene.kaggle.seen.at(-1)?.headers.range ?? "", /^bytes=[1-9]/);
  }));

Deno.test("two downloads at once fetch once and end with one entry", () =>
  withScene(BIG, async (scene) => {
    const both = await Promise.all([get(scene), get(scene)]);
    assert.equal(both[0].manifest.dataset_id, both[1].manifest.dataset_id);
    assert.deepEqual(both.map(({ cached }) => cached).sort(), [false, true]);
    assert.equal(methodsOf(scene).filter((name) => name === "storage").length, 1);
  }));

Deno.test("two processes at once fetch once and end with one entry", () =>
  withScene(BIG, async (scene) => {
    const released = Promise.withResolvers<void>();
    scene.kaggle.faults.hold = released.promise;
    const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
    const program = fileURLToPath(new URL("./download_process.ts", import.meta.url));
    const start = () =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "--no-prompt",
          "--config",
          config,
          program,
          scene.kaggle.url,
          scene.kaggle.storageHost,
          scene.folder,
        ],
        stdout: "piped",
        stderr: "inherit",
      }).output();
    const running = [start(), start()];
    // Both have asked for the version, so both are past the look into the store, when the bytes come.
    while (methodsOf(scene).filter((name) => name === "GetDataset").length < 2) {
      await new Promise((done) => setTimeout(done, 20));
    }
    released.resolve();
    const told = (await Promise.all(running)).map((output) =>
      JSON.parse(new TextDecoder().decode(output.stdout))
    );
    assert.equal(told[0].dataset_id, told[1].dataset_id);
    assert.deepEqual(told.map(({ cached }) => cached).sort(), [false, true]);
    assert.equal(methodsOf(scene).filter((name) => name === "storage").length, 1);
    assert.equal((await listDatasets(scene.folder)).length, 1);
  }));

Deno.test("parts that nobody went on with for a week are removed", () =>
  withScene(ONE, async (scene) => {
    const old = join(scene.folder, ".incoming", "0123456789abcdef");
    const fresh = join(scene.folder, ".incoming", "fedcba9876543210");
    for (const folder of [old, fresh]) await Deno.mkdir(folder, { recursive: true });
    const weekAgo = new Date(Date.now() - 8 * 24 * 3600 * 1000);
    await Deno.utime(old, weekAgo, weekAgo);
    await get(scene);
    assert.deepEqual(leftovers(scene), ["fedcba9876543210"]);
  }));
