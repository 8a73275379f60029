/** Our client in bad weather. `deno run -A tests/kaggle/soak.ts --rounds 1000` is the long form. */
import assert from "node:assert/strict";
import { killRound } from "./kill_round.ts";
import { stormRound } from "./storm.ts";

Deno.test("in a storm of faults no byte is wrong and no file is lost, thirty times", async () => {
  let failures = 0;
  let requests = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const round = await stormRound(seed).catch((error) => {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
    });
    failures += round.errors.length;
    requests += round.requests;
  }
  assert.ok(requests > 30 * 4, `a storm of ${requests} requests is none`);
  assert.ok(failures > 0, "not one call failed: that was no storm");
});

Deno.test("a killed download is gone on with, and the store never shows half of it", async () => {
  let resumed = 0;
  for (const [seed, selection] of [[1, []], [2, []], [3, ["a.csv", "data/b.csv"]]] as const) {
    resumed += (await killRound(seed, selection)).resumed;
  }
  assert.ok(resumed > 0, "nothing was gone on with");
});
