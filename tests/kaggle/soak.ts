/**
 * The storm for as long as you like: deno run -A tests/kaggle/soak.ts [--rounds 1000] [--kills 20] [--seed 1]
 * Prints what it counted; ends with 1 at the first wrong byte, naming the seed that repeats it.
 */
import { parseArgs } from "node:util";
import { killRound } from "./kill_round.ts";
import { stormRound } from "./storm.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1000" },
    kills: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
  },
});
const first = Number(values.seed);

const codes = new Map<string, number>();
const byCalls = new Map<number, number>();
const sum = { rounds: 0, requests: 0, bytes: 0 };
const began = performance.now();
for (let seed = first; seed < first + Number(values.rounds); seed++) {
  const round = await stormRound(seed).catch((error) => fail("storm", seed, error));
  sum.rounds++;
  sum.requests += round.requests;
  sum.bytes += round.bytes;
  byCalls.set(round.calls, (byCalls.get(round.calls) ?? 0) + 1);
  for (const code of round.errors) codes.set(code, (codes.get(code) ?? 0) + 1);
  if (sum.rounds % 100 === 0) console.log(`${sum.rounds} rounds, ${sum.requests} requests`);
}
console.log(JSON.stringify({
  ...sum,
  seconds: Math.round((performance.now() - began) / 1000),
  rounds_by_calls: Object.fromEntries([...byCalls].sort((a, b) => a[0] - b[0])),
  errors: Object.fromEntries(codes),
}));

const killed = { rounds: 0, kills: 0, late: 0, resumed: 0 };
for (let seed = first; seed < first + Number(values.kills); seed++) {
  const selection = seed % 2 === 0 ? ["a.csv", "data/b.csv"] : [];
  const round = await killRound(seed, selection).catch((error) => fail("kill", seed, error));
  killed.rounds++;
  killed.kills += round.kills;
  killed.late += round.late;
  killed.resumed += round.resumed;
}
console.log(JSON.stringify(killed));

function fail(what: string, seed: number, error: unknown): never {
  console.error(`${what}, seed ${seed}:`, error);
  Deno.exit(1);
}
