import assert from "node:assert/strict";
import { join } from "node:path";
import { diskError, readJson, writeAtomic } from "@/shared/atomic_file.ts";
import { AppError } from "@/shared/errors.ts";

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = (folder: string) => Array.from(Deno.readDirSync(folder), (entry) => entry.name).sort();

Deno.test("writeAtomic replaces the content and leaves no other file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.json");
    await writeAtomic(path, "one");
    await writeAtomic(path, new TextEncoder().encode("two"));
    assert.equal(await Deno.readTextFile(path), "two");
    assert.deepEqual(names(folder), ["a.json"]);
  }));

Deno.test({
  name: "writeAtomic sets the mode it is given",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await writeAtomic(join(folder, "token"), "secret", { mode: 0o600 });
      assert.equal((await Deno.stat(join(folder, "token"))).mode! & 0o777, 0o600);
    }),
});

Deno.test("writeAtomic keeps the old file and leaves nothing beside it when the rename fails", () =>
  inFolder(async (folder) => {
    const target = join(folder, "taken");
    await Deno.mkdir(join(target, "full"), { recursive: true });
    await assert.rejects(writeAtomic(target, "x"));
    assert.deepEqual(names(folder), ["taken"]);
    assert.deepEqual(names(target), ["full"]);
  }));

Deno.test("writeAtomic says which folder is missing", () =>
  inFolder(async (folder) => {
    await assert.rejects(writeAtomic(join(folder, "no", "x"), "x"), (error) => {
      assert.ok(error instanceof AppError && error.code === "not_found");
      assert.ok(error.message.includes(join(folder, "no", "x")));
      return true;
    });
  }));

Deno.test("writeAtomic throws permission_denied without the right to write", {
  permissions: { read: true, write: false },
}, async () => {
  await assert.rejects(
    writeAtomic("/somewhere/x", "x"),
    (error) => error instanceof AppError && error.code === "permission_denied",
  );
});

Deno.test({
  name: "diskError calls a full disk resource_exhausted",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const thrown = await Deno.writeTextFile("/dev/full", "x").catch((error) => error);
    const error = diskError(thrown, "write", "/dev/full");
    assert.ok(error instanceof AppError && error.code === "resource_exhausted");
    assert.equal(error.message, "Cannot write /dev/full: the disk is full");
    assert.equal(error.cause, thrown);
  },
});

Deno.test("diskError leaves a defect of ours as it is", () => {
  const defect = new TypeError("x is undefined");
  assert.equal(diskError(defect, "write", "a"), defect);
});

Deno.test("readJson gives back what was written and refuses what is cut off", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.json");
    await writeAtomic(path, JSON.stringify({ a: [1, 2] }));
    assert.deepEqual(await readJson(path), { a: [1, 2] });
    await Deno.writeTextFile(path, '{"a": [1,');
    await assert.rejects(readJson(path), (error) => error instanceof AppError && error.code === "data_loss");
    await assert.rejects(
      readJson(join(folder, "none")),
      (error) => error instanceof AppError && error.code === "not_found",
    );
  }));
