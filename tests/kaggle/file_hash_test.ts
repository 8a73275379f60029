import assert from "node:assert/strict";
import { join } from "node:path";
import { AppError } from "@/shared/errors.ts";
import { sha256Hex } from "@/shared/hash.ts";
import { checkHash, toldHash } from "@/kaggle/file_hash.ts";
import { fetchFile } from "@/kaggle/fetch_file.ts";
import { bytesOf, FLOWERS, flowers, noise, type Scene, withScene } from "./scene.ts";

const BIG = noise(400_000);
const DATA = { "some/flowers": flowers({ files: { "big.bin": BIG } }) };
const NEVER = new AbortController().signal;

function fetchBig(scene: Scene) {
  const wanted = { ref: FLOWERS, version: 3, file: "big.bin" };
  return fetchFile(scene.client(), wanted, join(scene.folder, "part"), { signal: NEVER, onBytes: () => {} });
}

const got = async (scene: Scene) => sha256Hex(await Deno.readFile(join(scene.folder, "part")));

Deno.test("hashes are those of the check values (RFC 1321, RFC 3720)", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytesOf("123456789"));
    // Of 123456789: 25f9e794323b453885f5181f1b624d0b and e3069283.
    for (const [kind, base64] of [["md5", "JfnnlDI7RTiF9RgfG2JNCw=="], ["crc32c", "4waSgw=="]] as const) {
      await checkHash(path, { kind, base64 }, "read it", NEVER);
      const wrong = base64.replace(/^./, "A");
      await assert.rejects(
        checkHash(path, { kind, base64: wrong }, "read it", NEVER),
        (error) => error instanceof AppError && error.code === "data_loss" && error.message.includes(wrong),
      );
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("the stronger hash is taken, and none of bytes that were unpacked on the way", () => {
  const told = (headers: Record<string, string>) => toldHash(new Headers(headers));
  assert.deepEqual(told({ "x-goog-hash": "crc32c=AAAAAA==,md5=BBBB" }), { kind: "md5", base64: "BBBB" });
  assert.deepEqual(told({ "x-goog-hash": "crc32c=AAAAAA==" }), { kind: "crc32c", base64: "AAAAAA==" });
  assert.equal(told({}), null);
  assert.equal(told({ "x-goog-hash": "md5=BBBB", "x-goog-stored-content-encoding": "gzip" }), null);
});

for (const hashes of ["both", "md5", "crc32c", "none"] as const) {
  Deno.test(`a file arrives when storage tells ${hashes} of its hashes, also in parts`, () =>
    withScene(DATA, async (scene) => {
      Object.assign(scene.kaggle.faults, { hashes, cutAfter: [100_000, 100_000] });
      await fetchBig(scene);
      assert.equal(await got(scene), sha256Hex(BIG));
    }));
}

Deno.test("bytes of another hash are never kept: it starts over, gives up, and later works", () =>
  withScene(DATA, async (scene) => {
    scene.kaggle.faults.hashes = "wrong";
    const error = await fetchBig(scene).then(() => null, (thrown) => thrown);
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "data_loss");
    assert.match(error.message, /what came has the md5 .* and storage tells/);
    assert.deepEqual([...Deno.readDirSync(scene.folder)], [], "nothing of it is left");
    const times = scene.kaggle.seen.filter(({ host }) => host === "storage").length;
    assert.ok(times > 1 && times <= 6, `${times} tries`);
    scene.kaggle.faults.hashes = "both";
    await fetchBig(scene);
    assert.equal(await got(scene), sha256Hex(BIG));
  }));

Deno.test("a storage that keeps cutting and keeps telling a wrong hash is given up, too", () =>
  withScene(DATA, async (scene) => {
    scene.kaggle.faults.hashes = "wrong";
    scene.kaggle.faults.cutAfter = Array(100).fill(200_000);
    const error = await fetchBig(scene).then(() => null, (thrown) => thrown);
    assert.ok(error instanceof AppError);
    assert.ok(scene.kaggle.seen.length < 60, `${scene.kaggle.seen.length} requests`);
  }));

Deno.test("a part that was changed on this disk is found out", () =>
  withScene(DATA, async (scene) => {
    scene.kaggle.faults.cutAfter = [300_000, 0, 0, 0, 0, 0];
    await fetchBig(scene).catch(() => {});
    const path = join(scene.folder, "part");
    const part = await Deno.readFile(path);
    assert.ok(part.length > 0);
    part[0] ^= 1;
    await Deno.writeFile(path, part);
    scene.kaggle.faults.cutAfter = [];
    await fetchBig(scene);
    assert.equal(await got(scene), sha256Hex(BIG));
  }));
