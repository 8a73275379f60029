/** One round of kill -9: a process that downloads is killed at some moment, and the next one ends the work. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { datasetFolder, listDatasets } from "@/dataset/store.ts";
import { sha256Hex } from "@/shared/hash.ts";
import { Random } from "@/shared/random.ts";
import { flowers, noise, type Scene, withScene } from "./scene.ts";

/** Of about 1.5 MB: with the pause below it comes in about half a second. */
const FILES = {
  "a.csv": noise(700_000),
  "data/b.csv": noise(500_000).map((byte) => byte ^ 7),
  "data/deep/c.csv": noise(300_000).map((byte) => byte ^ 9),
  "empty.csv": new Uint8Array(),
};
const PAUSE_MS = 20;
/** From the first byte's request on: now and then past the end. */
const KILLED_WITHIN_MS = 600;

export interface KillResult {
  /** How often a process was killed before one came to the end. */
  kills: number;
  /** Kills after which the data set was there already. */
  late: number;
  /** Requests for bytes that went on where the killed process stopped. */
  resumed: number;
}

/** @param selection paths of files, or none for everything @throws AssertionError when the store is ever wrong */
export function killRound(seed: number, selection: readonly string[] = []): Promise<KillResult> {
  const random = new Random(seed);
  return withScene({ "some/flowers": flowers({ files: FILES }) }, async (scene) => {
    scene.kaggle.faults.pauseMs = PAUSE_MS;
    const result = { kills: 0, late: 0, resumed: 0 };
    const kills = 1 + random.below(3);
    while (result.kills < kills && result.late === 0) {
      await killed(scene, random.below(KILLED_WITHIN_MS), selection);
      result.kills++;
      if (await judge(scene, selection)) result.late++;
    }
    scene.kaggle.faults.pauseMs = 0;
    const { success, stderr } = await start(scene, selection).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.ok(await judge(scene, selection), "nothing is stored after a call that ended well");
    result.resumed = scene.kaggle.seen.filter(({ headers }) => "range" in headers).length;
    return result;
  });
}

function start(scene: Scene, selection: readonly string[]): Deno.Command {
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const program = fileURLToPath(new URL("./download_process.ts", import.meta.url));
  const { url, storageHost } = scene.kaggle;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--no-prompt", "--config", config, program, url, storageHost]
      .concat(scene.folder, selection),
    stdout: "piped",
    stderr: "piped",
  });
}

/** Kills a download so long after it asked for its first byte, or lets it end before. */
async function killed(scene: Scene, afterMs: number, selection: readonly string[]): Promise<void> {
  const before = bytesAsked(scene);
  const child = start(scene, selection).spawn();
  let ended = false;
  const output = child.output().finally(() => ended = true);
  while (!ended && bytesAsked(scene) === before) await pause(2);
  await Promise.race([pause(afterMs), output]);
  if (!ended) child.kill("SIGKILL");
  await output;
}

function bytesAsked(scene: Scene): number {
  return scene.kaggle.seen.filter(({ host }) => host === "storage").length;
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** What the store shows is whole and right. @returns whether it shows the data set */
async function judge(scene: Scene, selection: readonly string[]): Promise<boolean> {
  const stored = await listDatasets(scene.folder);
  assert.ok(stored.length <= 1);
  const wanted = Object.entries(FILES).filter(([name]) => selection.length === 0 || selection.includes(name));
  for (const manifest of stored) {
    assert.equal(manifest.files.length, wanted.length);
    for (const [name, bytes] of wanted) {
      const { path } = manifest.files.find((file) => file.name === name)!;
      const there = await Deno.readFile(join(datasetFolder(scene.folder, manifest), path));
      assert.deepEqual([there.length, sha256Hex(there)], [bytes.length, sha256Hex(bytes)], name);
    }
  }
  return stored.length === 1;
}
