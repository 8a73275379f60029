import assert from "node:assert/strict";
import { join } from "node:path";
import { type Checkpoints, openCheckpoints } from "@/jobs/checkpoints.ts";
import { openLog } from "@/shared/log.ts";

const LOG = openLog(null, "test", "error");
const bytes = (text: string) => new TextEncoder().encode(text);

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(join(folder, "checkpoints"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function piecesOf(store: Checkpoints, key = "fit"): Promise<string[]> {
  return (await store.read("job_1", key)).map((piece) => new TextDecoder().decode(piece));
}

/** The files of a fit, in order. */
function files(folder: string): string[] {
  return [...Deno.readDirSync(join(folder, "job_1", "fit"))].map(({ name }) => name).sort();
}

Deno.test("pieces of a fit come back in order, in another process too, and a whole one replaces those before", () =>
  withFolder(async (folder) => {
    const store = openCheckpoints(folder, LOG);
    assert.deepEqual(await piecesOf(store), []);
    for (const text of ["a", "b", "c"]) store.add("job_1", "fit", bytes(text), text === "a");
    store.add("job_1", "other", bytes("x"), true);
    assert.deepEqual(await piecesOf(store), ["a", "b", "c"]);
    const next = openCheckpoints(folder, LOG);
    assert.deepEqual(await piecesOf(next), ["a", "b", "c"]);
    next.add("job_1", "fit", bytes("d"), false);
    assert.deepEqual(await piecesOf(next), ["a", "b", "c", "d"]);
    next.add("job_1", "fit", bytes("all"), true);
    next.add("job_1", "fit", bytes("more"), false);
    assert.deepEqual(await piecesOf(next), ["all", "more"]);
    assert.equal(files(folder).length, 2, "what was replaced is gone");
    assert.deepEqual(await piecesOf(next, "other"), ["x"]);
  }));

Deno.test("a piece that is damaged, cut off or gone ends the row: what comes behind it is not used", () =>
  withFolder(async (folder) => {
    const damages: ((path: string) => void)[] = [
      (path) => Deno.writeTextFileSync(path, "B"),
      (path) => Deno.truncateSync(path, 0),
      (path) => Deno.removeSync(path),
    ];
    for (const damage of damages) {
      const store = openCheckpoints(folder, LOG);
      for (const text of ["a", "b", "c"]) store.add("job_1", "fit", bytes(text), text === "a");
      await piecesOf(store);
      damage(join(folder, "job_1", "fit", files(folder)[1]));
      const next = openCheckpoints(folder, LOG);
      assert.deepEqual(await piecesOf(next), ["a"]);
      next.add("job_1", "fit", bytes("new"), false);
      assert.deepEqual(await piecesOf(next), ["a", "new"], "it goes on behind what was whole");
      await next.forget("job_1");
    }
  }));

Deno.test("a whole piece that was written before those it replaces were removed counts alone", () =>
  withFolder(async (folder) => {
    const store = openCheckpoints(folder, LOG);
    store.add("job_1", "fit", bytes("a"), true);
    store.add("job_1", "fit", bytes("b"), false);
    await piecesOf(store);
    const [old] = files(folder);
    const text = Deno.readFileSync(join(folder, "job_1", "fit", old));
    store.add("job_1", "fit", bytes("all"), true);
    await piecesOf(store);
    Deno.writeFileSync(join(folder, "job_1", "fit", old), text); // a death between the two
    assert.deepEqual(await piecesOf(openCheckpoints(folder, LOG)), ["all"]);
    assert.equal(files(folder).length, 1);
  }));

Deno.test("a fit, a job, and the jobs that have ended are forgotten, others stay; a full disk is no error", () =>
  withFolder(async (folder) => {
    const store = openCheckpoints(folder, LOG);
    for (const job of ["job_1", "job_10", "job_2"]) {
      for (const key of ["fit", "fit2"]) store.add(job, key, bytes(job), true);
    }
    await store.forget("job_1", "fit");
    assert.deepEqual([await piecesOf(store), await piecesOf(store, "fit2")], [[], ["job_1"]]);
    await store.forget("job_1");
    await store.sweep((job) => job === "job_2");
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["job_10"]);
    assert.deepEqual((await store.read("job_10", "fit")).length, 1);

    await Deno.remove(folder, { recursive: true });
    await Deno.writeTextFile(folder, "no folder");
    store.add("job_1", "fit", bytes("a"), true);
    assert.deepEqual(await piecesOf(store).catch(() => []), []);
  }));
