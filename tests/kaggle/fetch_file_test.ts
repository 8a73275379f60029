import assert from "node:assert/strict";
import { join } from "node:path";
import { AppError } from "@/shared/errors.ts";
import { sha256Hex } from "@/shared/hash.ts";
import { fetchFile } from "@/kaggle/fetch_file.ts";
import { FLOWERS, flowers, noise, type Scene, withScene } from "./scene.ts";

const BIG = noise(400_000);
const DATA = { "some/flowers": flowers({ files: { "big.bin": BIG } }) };
const WANTED = { ref: FLOWERS, version: 3, file: "big.bin" };

function fetchBig(
  scene: Scene,
  signal = new AbortController().signal,
  onBytes = (_done: number, _total: number | null) => {},
) {
  return fetchFile(scene.client(), WANTED, join(scene.folder, "part"), { signal, onBytes });
}

const rangesOf = (scene: Scene) =>
  scene.kaggle.seen.filter((seen) => seen.host === "storage").map((seen) => seen.headers.range ?? "all");

/** By hash: the difference of two long arrays takes minutes to print. */
async function assertComplete(scene: Scene, expected = BIG): Promise<void> {
  const part = await Deno.readFile(join(scene.folder, "part"));
  assert.deepEqual([part.length, sha256Hex(part)], [expected.length, sha256Hex(expected)]);
}

async function failure(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(() => null, (thrown) => thrown);
  assert.ok(error instanceof AppError, `expected an AppError, got ${error}`);
  return error;
}

Deno.test("a file arrives whole, and its progress is told", () =>
  withScene(DATA, async (scene) => {
    const told: [number, number | null][] = [];
    const fetched = await fetchBig(scene, undefined, (done, total) => told.push([done, total]));
    assert.deepEqual([fetched.size_bytes, fetched.url_name], [BIG.length, "big.bin"]);
    assert.deepEqual(told.at(-1), [BIG.length, BIG.length]);
    await assertComplete(scene);
  }));

Deno.test("a broken stream goes on from where it broke, with a fresh link", () =>
  withScene(DATA, async (scene) => {
    scene.kaggle.faults.cutAfter = [100_000, 50_000];
    await fetchBig(scene);
    await assertComplete(scene);
    const [first, second, third] = rangesOf(scene);
    assert.equal(first, "all");
    assert.match(second, /^bytes=[1-9]\d*-$/);
    assert.match(third, /^bytes=[1-9]\d*-$/);
    assert.equal(scene.kaggle.seen.filter((seen) => seen.host === "api").length, 3);
  }));

Deno.test("a later call goes on with the part that an earlier one left", () =>
  withScene(DATA, async (scene) => {
    scene.kaggle.faults.cutAfter = [100_000, 0, 0, 0, 0, 0];
    const error = await failure(fetchBig(scene));
    assert.equal(error.code, "unavailable");
    assert.match(error.hint, /goes on from there/);
    const have = (await Deno.stat(join(scene.folder, "part"))).size;
    assert.ok(have > 0 && have <= 100_000);
    scene.kaggle.faults.cutAfter = [];
    await fetchBig(scene);
    assert.equal(rangesOf(scene).at(-1), `bytes=${have}-`);
    await assertComplete(scene);
  }));

Deno.test("a file that changed meanwhile starts over, and is never a mixture", () =>
  withScene(DATA, async (scene) => {
    scene.kaggle.faults.cutAfter = [100_000, 0, 0, 0, 0, 0];
    await failure(fetchBig(scene));
    scene.kaggle.faults.cutAfter = [];
    const changed = BIG.map((byte) => byte ^ 255);
    scene.kaggle.datasets["some/flowers"] = flowers({ files: { "big.bin": changed } });
    await fetchBig(scene);
    assert.match(rangesOf(scene).at(-1)!, /^bytes=[1-9]/);
    await assertComplete(scene, changed);
  }));

Deno.test("a storage that sends less than the range is asked for the rest", () =>
  withScene(DATA, async (scene) => {
    scene.kaggle.faults.cutAfter = [100_000];
    scene.kaggle.faults.rangeBytes = 120_000;
    await fetchBig(scene);
    await assertComplete(scene);
    assert.ok(rangesOf(scene).length >= 4);
  }));

Deno.test("a storage that ignores ranges, or gives no validator, sends everything again", async () => {
  for (const fault of [{ ignoreRange: true }, { sendNoValidator: true }]) {
    await withScene(DATA, async (scene) => {
      Object.assign(scene.kaggle.faults, fault, { cutAfter: [100_000] });
      await fetchBig(scene);
      await assertComplete(scene);
    });
  }
});

Deno.test("a part that is already whole is not fetched again", () =>
  withScene(DATA, async (scene) => {
    await fetchBig(scene);
    assert.equal((await fetchBig(scene)).size_bytes, BIG.length);
    assert.equal(rangesOf(scene).at(-1), `bytes=${BIG.length}-`);
    await assertComplete(scene);
  }));

Deno.test("a part that is longer than the file is thrown away", () =>
  withScene(DATA, async (scene) => {
    await fetchBig(scene);
    await Deno.writeFile(join(scene.folder, "part"), new Uint8Array(10), { append: true });
    await fetchBig(scene);
    await assertComplete(scene);
  }));

Deno.test("an expired link is asked for anew", () =>
  withScene(DATA, async (scene) => {
    scene.kaggle.faults.storage = [403];
    await fetchBig(scene);
    await assertComplete(scene);
    assert.equal(scene.kaggle.seen.filter((seen) => seen.host === "api").length, 2);
  }));

Deno.test("a stream that falls silent is a broken one", () =>
  withScene(DATA, async (scene) => {
    const silence = Promise.withResolvers<void>();
    scene.kaggle.faults.hold = silence.promise;
    const client = scene.client({}, { idleMs: 50 });
    let told = 0;
    const onBytes = () => {
      told++;
      scene.kaggle.faults.hold = null;
    };
    await fetchFile(client, WANTED, join(scene.folder, "part"), {
      signal: new AbortController().signal,
      onBytes,
    });
    silence.resolve();
    assert.ok(told > 0);
    assert.match(rangesOf(scene)[1], /^bytes=\d+-$/);
    await assertComplete(scene);
  }));

Deno.test("a refusal is not tried again", () =>
  withScene({ "some/flowers": flowers({ needsConsent: true }) }, async (scene) => {
    assert.equal((await failure(fetchBig(scene))).code, "failed_precondition");
    assert.equal(scene.kaggle.seen.length, 1);
  }));

Deno.test("cancelling stops the stream and keeps the part", () =>
  withScene(DATA, async (scene) => {
    const released = Promise.withResolvers<void>();
    scene.kaggle.faults.hold = released.promise;
    const stop = new AbortController();
    await assert.rejects(fetchBig(scene, stop.signal, () => stop.abort(new Error("enough"))), /enough/);
    assert.ok((await Deno.stat(join(scene.folder, "part"))).size > 0);
    released.resolve();
  }));

/** Does the work while every write to a file fails, but for the first few. */
async function onFullDisk(writes: number, work: () => Promise<void>): Promise<void> {
  const write = Deno.FsFile.prototype.write;
  let left = writes;
  Deno.FsFile.prototype.write = function (bytes) {
    if (left-- > 0) return write.call(this, bytes);
    const error = new Error("No space left on device (os error 28)");
    return Promise.reject(Object.assign(error, { code: "ENOSPC" }));
  };
  try {
    await work();
  } finally {
    Deno.FsFile.prototype.write = write;
  }
}

for (const [when, writes] of [["before the first byte", 0], ["inside the file", 2]] as const) {
  Deno.test(`a disk that is full ${when} is told as such, at once`, () =>
    withScene(DATA, (scene) =>
      onFullDisk(writes, async () => {
        const error = await failure(fetchBig(scene));
        assert.equal(error.code, "resource_exhausted");
        assert.match(`${error.message} ${error.hint}`, /the disk is full.*Free some space/);
        assert.equal(rangesOf(scene).length, 1);
      })));
}
