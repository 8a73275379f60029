import assert from "node:assert/strict";
import { join } from "node:path";
import { AppError, type ErrorCode } from "@/shared/errors.ts";
import { unpackArchive } from "@/kaggle/unpack.ts";
import { UNPACK_LIMITS, type UnpackLimits } from "@/kaggle/unpack_limits.ts";
import { gzip, joined, makeTar, paxRecord } from "./make_tar.ts";
import { bytesOf, noise } from "./scene.ts";
import { deflatedZeros } from "./zeros.ts";

/** Unpacks into an empty folder beside which nothing may appear; returns names and contents. */
async function unpacked(tar: Uint8Array, limits?: UnpackLimits): Promise<Record<string, Uint8Array>> {
  const root = await Deno.makeTempDir();
  try {
    const folder = join(root, "inside");
    await Deno.mkdir(folder);
    await Deno.writeFile(join(root, "a.tar"), tar);
    try {
      const signal = new AbortController().signal;
      const files = await unpackArchive(join(root, "a.tar"), folder, { archive: "a.tar", limits, signal });
      const read = files.map(async (file) => [file.name, await Deno.readFile(file.path)] as const);
      return Object.fromEntries(await Promise.all(read));
    } finally {
      assert.deepEqual([...Deno.readDirSync(root)].map((entry) => entry.name).sort(), ["a.tar", "inside"]);
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function refused(
  tar: Uint8Array,
  code: ErrorCode,
  pattern: RegExp,
  limits?: UnpackLimits,
): Promise<void> {
  const error = await unpacked(tar, limits).then(() => null, (thrown) => thrown);
  assert.ok(error instanceof AppError, `expected an AppError, got ${error}`);
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
}

const HELLO = bytesOf("hello");

Deno.test("a tar unpacks to the bytes that went in, also gzipped", async () => {
  const files = {
    "a.csv": bytesOf("a,b\n"),
    "deep/er/größe.bin": noise(300_001),
    "empty.txt": new Uint8Array(),
  };
  const tar = makeTar([
    { name: "deep/", type: "5" },
    ...Object.entries(files).map(([name, content]) => ({ name: `./${name}`, content })),
  ]);
  assert.deepEqual(await unpacked(tar), files);
  assert.deepEqual(await unpacked(await gzip(tar)), files);
});

Deno.test("long names are read, as pax and as GNU write them", async () => {
  const name = `${"folder/".repeat(30)}a.csv`;
  const pax = { name: "pax", type: "x", content: paxRecord("path", name) };
  const gnu = { name: "././@LongLink", type: "L", content: bytesOf(`${name}\0`) };
  for (const long of [pax, gnu]) {
    const tar = makeTar([long, { name: name.slice(0, 99), content: HELLO }, { name: "b", content: HELLO }]);
    assert.deepEqual(await unpacked(tar), { [name]: HELLO, "b": HELLO });
  }
});

Deno.test("what system tar packs is unpacked", async () => {
  const root = await Deno.makeTempDir();
  try {
    const name = `${"long".repeat(40)}.csv`;
    await Deno.mkdir(join(root, "in/data"), { recursive: true });
    await Deno.writeFile(join(root, "in/data", name), HELLO);
    for (const format of ["gnu", "pax"]) {
      const args = ["--format", format, "-czf", join(root, "a.tgz"), "-C", join(root, "in"), "."];
      const { success } = await new Deno.Command("tar", { args }).output();
      assert.ok(success);
      assert.deepEqual(await unpacked(await Deno.readFile(join(root, "a.tgz"))), { [`data/${name}`]: HELLO });
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("an entry that leads outside, a link, and a device are refused", async () => {
  for (const name of ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "a\\b"]) {
    await refused(makeTar([{ name, content: HELLO }]), "invalid_argument", /can't be used/);
  }
  for (const type of ["1", "2", "3", "4", "6"]) {
    await refused(makeTar([{ name: "link", type }]), "invalid_argument", /"link" is a link or a device/);
  }
  const pax = { name: "pax", type: "x", content: paxRecord("path", "../evil") };
  await refused(
    makeTar([pax, { name: "good", content: HELLO }]),
    "invalid_argument",
    /"..\/evil" can't be used/,
  );
  await refused(makeTar([{ name: "a" }, { name: "a" }]), "invalid_argument", /twice/);
  await refused(makeTar([{ name: "a" }, { name: "a/b" }]), "invalid_argument", /meets another file/);
});

Deno.test("10 GB of zeros in a tar.gz are refused before a byte is written", async () => {
  // Eleven digits of octal end below 8 GiB, so the size is told in pax's words.
  const pax = { name: "pax", type: "x", content: paxRecord("size", String(10 * 2 ** 30)) };
  const header = makeTar([pax, { name: "zeros.csv" }]).subarray(0, 3 * 512);
  const head = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  const bomb = joined([head, deflatedZeros(10 * 1024, header), new Uint8Array(8)]);
  assert.ok(bomb.length < 20e6);
  const began = performance.now();
  await refused(bomb, "invalid_argument", /it would grow \d+ times, of 300 allowed/);
  assert.ok(performance.now() - began < 2000);
});

Deno.test("limits hold for all files together", async () => {
  const two = makeTar([{ name: "a", content: HELLO }, { name: "b", content: HELLO }]);
  await refused(two, "invalid_argument", /with "b" its files pass 9 bytes/, {
    ...UNPACK_LIMITS,
    total_bytes: 9,
  });
  await refused(two, "invalid_argument", /more than 1 files/, { ...UNPACK_LIMITS, entries: 1 });
});

Deno.test("a damaged tar is told", async () => {
  const tar = makeTar([{ name: "a", content: noise(5000) }]);
  await refused(tar.subarray(0, 3000), "data_loss", /ends too early/);
  await refused((await gzip(tar)).subarray(0, 3000), "data_loss", /can't be unpacked|ends too early/);
  await refused(makeTar([{ name: "a", content: HELLO, damaged: true }]), "data_loss", /another sum/);
  await refused(bytesOf("<html>sign in</html>"), "data_loss", /no zip and no tar/);
});
