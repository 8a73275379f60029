import assert from "node:assert/strict";
import { join } from "node:path";
import { isTableFile, READERS } from "@/dataset/readers.ts";
import { type DoorPolicy, openDoor, TABLE_NAMES } from "@/shared/file_door.ts";

async function inFolder(work: (folder: string, policy: DoorPolicy) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const room of ["keys", "holdouts", "datasets"]) {
      await Deno.mkdir(join(folder, "home", room), { recursive: true });
    }
    await work(folder, { cwd: folder, folders: [], home: join(folder, "home") });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("openDoor() reads a table by path, also through a link and relative to the working folder", () =>
  inFolder(async (folder, policy) => {
    await Deno.writeTextFile(join(folder, "a.csv"), "x,y\n1,2\n");
    await Deno.symlink(join(folder, "a.csv"), join(folder, "b.csv"));
    for (const path of ["a.csv", join(folder, "a.csv"), "./b.csv"]) {
      const bytes = await openDoor({ op: "read_table", path }, policy) as Uint8Array;
      assert.equal(new TextDecoder().decode(bytes), "x,y\n1,2\n");
    }
    const found = await openDoor({ op: "find_tables", path: "." }, policy) as { name: string }[];
    assert.deepEqual(found.map(({ name }) => name), ["a.csv"]);
  }));

Deno.test("openDoor() refuses names that are no table, hidden folders, keys, devices, and links that lead there", () =>
  inFolder(async (folder, policy) => {
    await Deno.mkdir(join(folder, ".ssh"));
    await Deno.writeTextFile(join(folder, ".ssh", "id.csv"), "secret");
    await Deno.symlink(join(folder, ".ssh", "id.csv"), join(folder, "innocent.csv"));
    await Deno.writeTextFile(join(folder, "secret.pem"), "secret");
    await Deno.symlink(join(folder, "secret.pem"), join(folder, "pem.csv"));
    await Deno.writeTextFile(join(folder, "home", "keys", "token.csv"), "secret");
    const refused = async (path: string, rule: RegExp) =>
      await assert.rejects(openDoor({ op: "read_table", path }, policy), rule);
    await refused(".ssh/id.csv", /hidden folder \.ssh/);
    await refused("innocent.csv", /hidden folder \.ssh/);
    await refused("secret.pem", /table file/);
    await refused("pem.csv", /table file/);
    await refused("home/keys/token.csv", /keys of mlmcp/);
    await Deno.writeTextFile(join(folder, "home", "state.db"), "secret");
    await refused("home/state.db", /state of mlmcp/);
    await refused("/proc/self/environ", /no data|table file/);
    await refused("absent.csv", /no such file/);
  }));

Deno.test("openDoor() keeps to the allowed folders when there are some", () =>
  inFolder(async (folder, policy) => {
    await Deno.mkdir(join(folder, "data"));
    await Deno.writeTextFile(join(folder, "data", "a.csv"), "x\n1\n");
    await Deno.writeTextFile(join(folder, "b.csv"), "x\n1\n");
    const narrow = { ...policy, folders: ["data"] };
    assert.ok(await openDoor({ op: "read_table", path: "data/a.csv" }, narrow));
    await assert.rejects(
      openDoor({ op: "read_table", path: "b.csv" }, narrow),
      /outside the allowed data folders/,
    );
    await assert.rejects(openDoor({ op: "read_table", path: "data/../b.csv" }, narrow), /outside/);
  }));

Deno.test("openDoor() neither reads nor replaces sealed rows, also when the home is reached through a link", () =>
  inFolder(async (folder, policy) => {
    const sealed = join(folder, "home", "holdouts", "rows.safetensors");
    await Deno.writeTextFile(sealed, "secret");
    await Deno.symlink(join(folder, "home"), join(folder, "linked"));
    await Deno.symlink(sealed, join(folder, "innocent.safetensors"));
    for (const home of [policy.home, join(folder, "linked")]) {
      for (const path of [sealed, "linked/holdouts/rows.safetensors", "innocent.safetensors"]) {
        const linked = { ...policy, home };
        await assert.rejects(openDoor({ op: "read_model", path }, linked), /sealed rows/);
        const bytes = new Uint8Array(1);
        await assert.rejects(openDoor({ op: "write_model", path, bytes }, linked), /sealed rows/);
      }
    }
    assert.equal(await Deno.readTextFile(sealed), "secret");
  }));

Deno.test("openDoor() reads a name with spaces and letters of any language, in an allowed folder that is a link", () =>
  inFolder(async (folder, policy) => {
    await Deno.mkdir(join(folder, "Größe und 数据"));
    await Deno.writeTextFile(join(folder, "Größe und 数据", "données 1.csv"), "x\n1\n");
    await Deno.symlink(join(folder, "Größe und 数据"), join(folder, "link"));
    await Deno.writeTextFile(join(folder, "outside.csv"), "x\n1\n");
    await Deno.symlink(join(folder, "outside.csv"), join(folder, "link", "way out.csv"));
    const narrow = { ...policy, folders: ["link"] };
    assert.ok(await openDoor({ op: "read_table", path: "link/données 1.csv" }, narrow));
    await assert.rejects(
      openDoor({ op: "read_table", path: "link/way out.csv" }, narrow),
      /outside the allowed/,
    );
  }));

Deno.test("openDoor() writes a model file and nothing else", () =>
  inFolder(async (folder, policy) => {
    const bytes = new Uint8Array([1, 2, 3]);
    await openDoor({ op: "write_model", path: "out/m.safetensors", bytes }, policy);
    assert.deepEqual(await Deno.readFile(join(folder, "out", "m.safetensors")), bytes);
    await assert.rejects(openDoor({ op: "write_model", path: "out/m.sh", bytes }, policy), /model file/);
    await assert.rejects(openDoor({ op: "write_model", path: ".x/m.onnx", bytes }, policy), /hidden folder/);
    await assert.rejects(Deno.stat(join(folder, ".x")), Deno.errors.NotFound);
    await assert.rejects(
      openDoor({ op: "read_model", path: "out/../x.csv" }, policy),
      /no such file|model file/,
    );
  }));

Deno.test("openDoor() writes a page and nothing else, also not through a link", () =>
  inFolder(async (folder, policy) => {
    const bytes = new TextEncoder().encode("<!doctype html>");
    const write = (path: string, rules = policy) => openDoor({ op: "write_page", path, bytes }, rules);
    await write("out/p.html");
    assert.deepEqual(await Deno.readFile(join(folder, "out", "p.html")), bytes);
    await Deno.writeTextFile(join(folder, "notes.txt"), "mine");
    await Deno.symlink(join(folder, "notes.txt"), join(folder, "innocent.html"));
    await assert.rejects(write("innocent.html"), /a page/);
    await assert.rejects(write("p.js"), /a page/);
    await assert.rejects(write(".x/p.html"), /hidden folder/);
    await assert.rejects(write("home/keys/p.html"), /keys of mlmcp/);
    await assert.rejects(write("p.html", { ...policy, folders: ["data"] }), /outside the allowed/);
    assert.equal(await Deno.readTextFile(join(folder, "notes.txt")), "mine");
  }));

Deno.test("the door lets through just the names that a reader reads", () => {
  const endings = READERS.flatMap(({ extensions }) => extensions).flatMap((end) => [end, `${end}.gz`]);
  for (
    const name of [...endings.map((end) => `a${end}`), "a.json", "a.parquet", "a.zip", "a.gz", "csv", "a.pem"]
  ) {
    assert.equal(TABLE_NAMES.test(name), isTableFile(name), name);
  }
});
