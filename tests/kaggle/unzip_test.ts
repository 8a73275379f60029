import assert from "node:assert/strict";
import { join } from "node:path";
import { zipSync } from "fflate";
import { AppError, type ErrorCode } from "@/shared/errors.ts";
import { UNPACK_LIMITS, type UnpackLimits } from "@/kaggle/unpack_limits.ts";
import { unzip } from "@/kaggle/unzip.ts";
import { type MadeEntry, makeZip } from "./make_zip.ts";
import { bytesOf, noise } from "./scene.ts";
import { deflatedZeros } from "./zeros.ts";

const NEVER = new AbortController().signal;

/** Unpacks into an empty folder beside a file that must stay as it is; returns names and contents. */
async function unpacked(zip: Uint8Array, limits?: UnpackLimits): Promise<Record<string, Uint8Array>> {
  const root = await Deno.makeTempDir();
  try {
    const folder = join(root, "inside");
    await Deno.mkdir(folder);
    await Deno.writeTextFile(join(root, "outside.txt"), "untouched");
    await Deno.writeFile(join(root, "a.zip"), zip);
    try {
      const files = await unzip(join(root, "a.zip"), folder, { archive: "a.zip", limits, signal: NEVER });
      const read = files.map(async (file) => [file.name, await Deno.readFile(file.path)] as const);
      return Object.fromEntries(await Promise.all(read));
    } finally {
      const names = [...Deno.readDirSync(root)].map((entry) => entry.name).sort();
      assert.deepEqual(names, ["a.zip", "inside", "outside.txt"], "nothing lands outside the folder");
      assert.equal(await Deno.readTextFile(join(root, "outside.txt")), "untouched");
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function refused(
  zip: Uint8Array,
  code: ErrorCode,
  pattern: RegExp,
  limits?: UnpackLimits,
): Promise<void> {
  const error = await unpacked(zip, limits).then(() => null, (thrown) => thrown);
  assert.ok(error instanceof AppError, `expected an AppError, got ${error}`);
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
}

const file = (name: string, changes: Partial<MadeEntry> = {}): MadeEntry => ({
  name,
  content: bytesOf("hello"),
  ...changes,
});

Deno.test("an archive unpacks to the bytes that went in", async () => {
  const files = {
    "a.csv": bytesOf("a,b\n"),
    "deep/er/größe.bin": noise(300_000),
    "empty.txt": new Uint8Array(),
  };
  assert.deepEqual(await unpacked(zipSync({ ...files, "folder/": new Uint8Array() })), files);
  assert.deepEqual(await unpacked(zipSync(files, { level: 0 })), files);
});

Deno.test("a streamed archive with a zip inside unpacks to those two files", async () => {
  // A reader that scans for headers along the way takes the inner archive's for its own.
  const inner = makeZip([file("inner.csv"), file("other.csv")]);
  const zip = makeZip([file("data.csv", { streamed: true }), {
    name: "inner.zip",
    content: inner,
    method: 0,
    streamed: true,
  }]);
  assert.deepEqual(await unpacked(zip), { "data.csv": bytesOf("hello"), "inner.zip": inner });
});

Deno.test("sizes in zip64 fields are understood", async () => {
  assert.deepEqual(await unpacked(makeZip([file("a.csv", { zip64: true })])), { "a.csv": bytesOf("hello") });
});

Deno.test("an entry whose name leads outside is refused, and nothing is written", async () => {
  for (
    const name of [
      "../outside.txt",
      "a/../../outside.txt",
      "/etc/passwd",
      "C:/x",
      "..\\outside.txt",
      "a\u0000b",
      "a//b",
    ]
  ) {
    await refused(makeZip([file("good.csv"), file(name)]), "invalid_argument", /can't be used/);
  }
});

Deno.test("a link or a device is refused, with its name", async () => {
  await refused(
    makeZip([file("link", { mode: 0o120777, content: bytesOf("/etc") })]),
    "invalid_argument",
    /"link" is a link/,
  );
  await refused(
    makeZip([file("null", { mode: 0o020666 })]),
    "invalid_argument",
    /"null" is a link or a device/,
  );
});

Deno.test("an archive is refused when two entries collide", async () => {
  await refused(makeZip([file("a.csv"), file("a.csv")]), "invalid_argument", /"a.csv" is in it twice/);
  await refused(makeZip([file("a"), file("a/b")]), "invalid_argument", /"a\/b" meets another file/);
});

Deno.test("a bomb is refused before anything is unpacked", async () => {
  const zeros = makeZip([file("zeros.csv", { content: new Uint8Array(1_000_000) })]);
  const limits = { ...UNPACK_LIMITS, ratio_from_bytes: 100_000 };
  await refused(zeros, "invalid_argument", /"zeros.csv" would grow \d+ times, of 300 allowed/, limits);
  assert.equal((await unpacked(zeros))["zeros.csv"].length, 1_000_000, "a small table may shrink a lot");
  await refused(makeZip([file("a"), file("b")]), "invalid_argument", /with "b" its files pass 9 bytes/, {
    ...UNPACK_LIMITS,
    total_bytes: 9,
  });
  await refused(makeZip([file("a"), file("b")]), "invalid_argument", /2 files, of 1 allowed/, {
    ...UNPACK_LIMITS,
    entries: 1,
  });
  await refused(makeZip([file("a"), file("b", { overlap: true })]), "invalid_argument", /shares bytes/);
});

Deno.test("a zip with 10 GB of zeros is refused at once, and when it hides its size nothing grows", async () => {
  const packed = deflatedZeros(10 * 1024);
  const size = 10 * 2 ** 30;
  const began = performance.now();
  const bomb = (claimed: number) => makeZip([file("zeros.csv", { packed, size: claimed, zip64: true })]);
  await refused(bomb(size), "invalid_argument", /"zeros.csv" would grow \d+ times, of 300 allowed/);
  await refused(bomb(1000), "data_loss", /larger than the table of contents says/);
  // Each of them small enough, all of them together not.
  const many = Array.from(
    { length: 50 },
    (_, i) => file(`${i}.csv`, { packed: deflatedZeros(200), size: 200 * 2 ** 20, zip64: true }),
  );
  await refused(makeZip(many), "invalid_argument", /it would grow \d+ times, of 300 allowed/);
  assert.ok(performance.now() - began < 3000);
});

Deno.test("an archive that is larger than the disk is refused before it is unpacked", async () => {
  const huge = makeZip([file("huge.csv", { size: 1e15, zip64: true })]);
  const limits = { ...UNPACK_LIMITS, total_bytes: Infinity, ratio: Infinity };
  await refused(huge, "resource_exhausted", /it takes 1000000\.0 GB, and the disk of .* has .* left/, limits);
});

Deno.test("an entry that is larger or smaller than announced is refused", async () => {
  await refused(
    makeZip([file("a", { size: 3 })]),
    "data_loss",
    /a is larger than the table of contents says/,
  );
  await refused(makeZip([file("a", { size: 9 })]), "data_loss", /a has 5 bytes instead of 9/);
});

Deno.test("damage is found, with the entry's name", async () => {
  await refused(
    makeZip([file("a", { crc: 1 })]),
    "data_loss",
    /the bytes of a are not those that were packed/,
  );
  const zip = makeZip([file("a", { content: noise(5000) })]);
  const flipped = zip.slice();
  flipped[2000] ^= 1;
  await refused(flipped, "data_loss", /a/);
  await refused(zip.slice(0, 3000), "data_loss", /no zip file or is cut off/);
  await refused(bytesOf("<html>"), "data_loss", /no zip file/);
  await refused(new Uint8Array(), "data_loss", /no zip file/);
});

Deno.test("encrypted and unknown packing are named", async () => {
  await refused(makeZip([file("a", { flags: 1 })]), "invalid_argument", /"a" is encrypted/);
  await refused(makeZip([file("a", { method: 12 })]), "invalid_argument", /"a" is packed with method 12/);
});

Deno.test("unpacking stops when it is cancelled", async () => {
  const root = await Deno.makeTempDir();
  const stop = new AbortController();
  await Deno.writeFile(join(root, "a.zip"), makeZip([file("a", { content: noise(500_000) })]));
  await Deno.mkdir(join(root, "inside"));
  const options = { archive: "a.zip", signal: stop.signal, onBytes: () => stop.abort(new Error("enough")) };
  await assert.rejects(unzip(join(root, "a.zip"), join(root, "inside"), options), /enough/);
  assert.ok((await Deno.stat(join(root, "inside", "a"))).size < 500_000);
  await Deno.remove(root, { recursive: true });
});
