import assert from "node:assert/strict";
import { AppError } from "@/shared/errors.ts";
import { Downloads } from "@/kaggle/downloads.ts";
import { FLOWERS, flowers, noise, type Scene, withScene } from "./scene.ts";

const BIG = { "some/flowers": flowers({ files: { "big.csv": noise(300_000) } }) };
const REQUEST = { ref: FLOWERS, files: null, force: false };
const NEVER = new AbortController().signal;

/** A scene whose storage holds back half of the bytes until `release` is called. */
function withHeld(work: (scene: Scene, downloads: Downloads, release: () => void) => Promise<void>) {
  return withScene(BIG, async (scene) => {
    const held = Promise.withResolvers<void>();
    scene.kaggle.faults.hold = held.promise;
    const downloads = new Downloads(scene.client(), scene.folder);
    try {
      await work(scene, downloads, held.resolve);
    } finally {
      held.resolve();
      await downloads.close();
    }
  });
}

Deno.test("a wait that is over leaves the download running, and a later one sees its end", () =>
  withHeld(async (_scene, downloads, release) => {
    const download = downloads.start(REQUEST);
    await downloads.wait(download, 0, NEVER, () => {});
    assert.equal(download.status, "running");
    release();
    await downloads.wait(downloads.get(download.download_id), 45_000, NEVER, () => {});
    assert.equal(download.status, "succeeded");
    assert.equal(download.result?.manifest.ref, "some/flowers");
  }));

Deno.test("the same request joins the download that runs", () =>
  withHeld((_scene, downloads) => {
    const download = downloads.start(REQUEST);
    assert.equal(downloads.start({ ...REQUEST }), download);
    assert.notEqual(downloads.start({ ...REQUEST, files: ["big.csv"] }), download);
    return Promise.resolve();
  }));

Deno.test("a cancelled call stops the download only when no other call waits", () =>
  withHeld(async (_scene, downloads, release) => {
    const download = downloads.start(REQUEST);
    const [first, second] = [new AbortController(), new AbortController()];
    const started = Promise.withResolvers<void>();
    const waits = [first, second].map((stop) =>
      downloads.wait(download, 45_000, stop.signal, started.resolve)
    );
    await started.promise;
    first.abort(new Error("left"));
    await assert.rejects(waits[0], /left/);
    assert.equal(download.status, "running");
    second.abort(new Error("left too"));
    await assert.rejects(waits[1], /left too/);
    await download.finished;
    assert.equal(download.status, "cancelled");
    assert.match((download.failure as AppError).hint, /go on/);
    release();
  }));

Deno.test("what a download failed with is kept", () =>
  withScene({}, async (scene) => {
    const downloads = new Downloads(scene.client(), scene.folder);
    const download = downloads.start(REQUEST);
    await downloads.wait(download, 45_000, NEVER, () => {});
    assert.equal(download.status, "failed");
    assert.equal((download.failure as AppError).code, "permission_denied");
  }));

Deno.test("an id that the server does not know is refused with the way out", () =>
  withScene({}, (scene) => {
    const downloads = new Downloads(scene.client(), scene.folder);
    assert.throws(() => downloads.get("dl_0"), (error) =>
      error instanceof AppError && /download_dataset again/.test(error.hint));
    return Promise.resolve();
  }));
