import assert from "node:assert/strict";
import { join } from "node:path";
import { type DoorPolicy, openDoor } from "@/shared/file_door.ts";
import { writeFolder } from "@/shared/write_folder.ts";

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("writeFolder() writes files in folders, and replaces what it wrote before as a whole", () =>
  inFolder(async (folder) => {
    const path = join(folder, "out");
    await writeFolder(path, { "a.txt": bytes("one"), "deep/er/b.txt": bytes("two") }, null);
    assert.equal(await Deno.readTextFile(join(path, "deep/er/b.txt")), "two");
    await writeFolder(path, { "c.txt": bytes("three") }, null);
    assert.deepEqual(names(path), [".mlmcp-export", "c.txt"]);
    assert.deepEqual(names(folder), ["out"], "nothing is left beside it");
  }));

Deno.test("writeFolder() leaves a folder with other files, and a file of that name, as they are", () =>
  inFolder(async (folder) => {
    const path = join(folder, "mine");
    await Deno.mkdir(path);
    await writeFolder(path, { "a.txt": bytes("into an empty folder") }, null);
    await Deno.remove(join(path, ".mlmcp-export"));
    await assert.rejects(writeFolder(path, { "b.txt": bytes("x") }, null), /it holds other files/);
    await assert.rejects(writeFolder(join(path, "a.txt"), {}, null), /it holds other files/);
    assert.deepEqual(names(path), ["a.txt"]);
    assert.deepEqual(names(folder), ["mine"]);
  }));

Deno.test("writeFolder() leaves nothing behind when a file can't be written", () =>
  inFolder(async (folder) => {
    await assert.rejects(writeFolder(join(folder, "out"), { "a": bytes("x"), "a/b": bytes("y") }, null));
    assert.deepEqual(names(folder), []);
  }));

Deno.test("the door writes a folder with the program in it, and none in a hidden place", () =>
  inFolder(async (folder) => {
    const policy: DoorPolicy = { cwd: folder, folders: [], home: join(folder, "home") };
    const files = { "a.txt": bytes("a") };
    await openDoor({ op: "write_folder", path: "x/out", files, with_program: true }, policy);
    const program = await Deno.stat(join(folder, "x/out/mlmcp"));
    assert.equal(program.size, (await Deno.stat(Deno.execPath())).size);
    assert.ok((program.mode! & 0o111) === 0o111);
    const hidden = { op: "write_folder" as const, path: ".ssh/out", files, with_program: false };
    await assert.rejects(openDoor(hidden, policy), /hidden folder/);
  }));
