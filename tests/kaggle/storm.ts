/** One round of a storm: a data set by chance, faults by chance, and the store judged byte by byte. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { datasetFolder, listDatasets } from "@/dataset/store.ts";
import { AppError } from "@/shared/errors.ts";
import { sha256Hex } from "@/shared/hash.ts";
import { Random } from "@/shared/random.ts";
import { downloadDataset, type DownloadRequest } from "@/kaggle/download.ts";
import { RANDOM_FAULTS } from "./emulator/faults.ts";
import { FLOWERS, flowers, noise, type Scene, withScene } from "./scene.ts";

export interface RoundResult {
  /** Calls until the data set was there, the last one in calm weather. */
  calls: number;
  /** The codes of errors that came up, one a failed call. */
  errors: string[];
  /** Requests that the emulator saw. */
  requests: number;
  bytes: number;
}

/** After so many calls in the storm, the faults end. */
const CALLS_IN_STORM = 3;

/** @throws AssertionError when a byte is wrong, a file lost, an error without a name, or the last call fails */
export function stormRound(seed: number): Promise<RoundResult> {
  const random = new Random(seed);
  const files = filesBy(random);
  return withScene({ "some/flowers": flowers({ files }) }, async (scene) => {
    const { faults } = scene.kaggle;
    const kinds = RANDOM_FAULTS.filter(() => random.below(2) === 0);
    const rate = 0.1 + random.below(30) / 100;
    const all = kinds.length > 0 ? kinds : RANDOM_FAULTS;
    const tellsHashes = random.below(4) > 0;
    Object.assign(faults, {
      // Without a hash, a byte that was changed on the way can't be told.
      random: {
        seed,
        rate,
        kinds: tellsHashes ? all : all.filter((kind) => kind !== "corrupt"),
        stallMs: 60,
      },
      retryAfter: "0",
      hashes: tellsHashes ? pick(random, ["both", "md5", "crc32c"]) : "none",
      bundle: pick(random, ["zip", "tar", "tar.gz"]),
      styles: pick(random, ["both", "rest"]),
      nullableStyle: random.below(3) === 0,
      sendNoValidator: random.below(6) === 0,
      ignoreRange: random.below(8) === 0,
    });
    const request = requestBy(random, files);
    const errors = await callUntilThere(scene, request);
    const bytes = await judgeStore(scene, request, files);
    return { calls: errors.length + 1, errors, requests: scene.kaggle.seen.length, bytes };
  });
}

function filesBy(random: Random): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = { "top.csv": noise(1 + random.below(100_000)) };
  const count = 2 + random.below(6);
  for (let i = 0; i < count; i++) {
    const folder = pick(random, ["", "data/", "data/deep/er/", "ü & x/"]);
    const size = pick(random, [0, 1, 100, 5_000, 70_000, 250_000]);
    const shift = random.below(256);
    // Some don't compress, some do.
    const bytes = random.below(2) === 0
      ? noise(size).map((byte) => byte ^ shift)
      : new Uint8Array(size).fill(shift);
    files[`${folder}${i}.csv`] = bytes;
  }
  return { ...files, "data/always.csv": noise(10_000) };
}

function requestBy(random: Random, files: Record<string, Uint8Array>): DownloadRequest {
  const names = Object.keys(files);
  const chosen = pick(random, [
    null,
    null,
    ["data/"],
    ["data", "top.csv"],
    names.filter((_, i) => i % 2 === 0),
  ]);
  return { ref: FLOWERS, files: chosen, force: false };
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)];
}

/** The codes of the calls that failed before it was there. */
async function callUntilThere(scene: Scene, request: DownloadRequest): Promise<string[]> {
  const client = scene.client({ KAGGLE_API_TOKEN: "KGAT_x" }, { idleMs: 40, timeoutMs: 5_000 });
  const watch = { signal: new AbortController().signal, onProgress: () => {} };
  const errors: string[] = [];
  for (;;) {
    try {
      await downloadDataset(client, scene.folder, request, watch);
      return errors;
    } catch (error) {
      assert.ok(error instanceof AppError, `an error without a name: ${(error as Error)?.stack}`);
      assert.ok(error.hint.length > 0 && /^Cannot /.test(error.message), error.message);
      assert.deepEqual(await listDatasets(scene.folder), [], "a failed call stored something");
      errors.push(error.code);
      assert.ok(errors.length <= CALLS_IN_STORM, `the call in calm weather failed: ${error.message}`);
      if (errors.length === CALLS_IN_STORM) scene.kaggle.faults.random = null;
    }
  }
}

/** @returns how many bytes were compared */
async function judgeStore(
  scene: Scene,
  { files: chosen }: DownloadRequest,
  files: Record<string, Uint8Array>,
): Promise<number> {
  const stored = await listDatasets(scene.folder);
  assert.equal(stored.length, 1);
  const isWanted = (name: string) =>
    chosen === null || chosen.includes(name) ||
    chosen.some((one) => name.startsWith(`${one.replace(/\/$/, "")}/`));
  const wanted = Object.keys(files).filter(isWanted).sort();
  assert.deepEqual(stored[0].files.map(({ name }) => name), wanted);
  let bytes = 0;
  for (const { name, path, sha256 } of stored[0].files) {
    const there = await Deno.readFile(join(datasetFolder(scene.folder, stored[0]), path));
    assert.deepEqual([there.length, sha256Hex(there), sha256], [
      files[name].length,
      sha256Hex(files[name]),
      sha256Hex(files[name]),
    ], name);
    bytes += there.length;
  }
  for (const { host, headers } of scene.kaggle.seen) {
    assert.equal("authorization" in headers, host === "api", "the credential is for the API alone");
  }
  assert.deepEqual(leftIn(scene.folder), [stored[0].dataset_id]);
  assert.deepEqual(leftIn(join(scene.folder, ".incoming")), []);
  return bytes;
}

function leftIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name !== ".incoming" && name !== "locks");
}
