import assert from "node:assert/strict";
import { autoscale, type LoadSample, newScalingState, type ScalingRange } from "@/deployment/autoscale.ts";

const RANGE: ScalingRange = { min_replicas: 1, max_replicas: 4, idle_ms: 30_000, quiet_ms: 60_000 };

interface Load {
  /** Work that there is, in replicas' worth of time. */
  work: number;
  waiting?: number;
  asked?: boolean;
}

/** Looks each second; replicas share the work and are there at once. */
function simulate(seconds: number, loadAt: (second: number) => Load, range = RANGE, replicas = 1) {
  const state = newScalingState(0);
  const changes: { second: number; from: number; to: number; reason: string }[] = [];
  const counts: number[] = [];
  for (let second = 0; second < seconds; second++) {
    const { work, waiting = 0, asked = work > 0 } = loadAt(second);
    const sample: LoadSample = {
      now_ms: second * 1000,
      replicas,
      ready: replicas,
      utilization: replicas === 0 ? 0 : Math.min(1, work / replicas),
      waiting,
      asked,
    };
    const decision = autoscale(state, range, sample);
    if (decision) {
      changes.push({ second, from: replicas, to: decision.replicas, reason: decision.reason });
      replicas = decision.replicas;
    }
    counts.push(replicas);
  }
  return { changes, counts, replicas };
}

Deno.test("autoscale adds a replica within seconds of a load that one can't carry", () => {
  const { changes } = simulate(30, (second) => ({ work: second < 10 ? 0.2 : 1.2 }));
  assert.equal(changes.length, 1);
  assert.equal(changes[0].to, 2);
  assert.equal(changes[0].reason, "utilization");
  assert.ok(changes[0].second <= 13, `at ${changes[0].second}`);
});

Deno.test("autoscale adds a replica when requests wait, though the processor is not busy", () => {
  const { changes } = simulate(2, () => ({ work: 0.3, waiting: 5 }));
  assert.deepEqual(changes, [{ second: 0, from: 1, to: 2, reason: "waiting" }]);
});

Deno.test("autoscale never goes beyond the range, whatever the load", () => {
  assert.equal(Math.max(...simulate(120, () => ({ work: 50, waiting: 500 })).counts), 4);
  const low = simulate(400, () => ({ work: 0, asked: false }), { ...RANGE, min_replicas: 2 }, 4);
  assert.equal(low.replicas, 2);
  assert.equal(Math.min(...low.counts), 2);
});

Deno.test("autoscale takes replicas away only after the whole quiet time, to the most that was needed in it", () => {
  const { changes, replicas } = simulate(300, (second) => ({ work: second < 100 ? 1.9 : 0.1 }), RANGE, 4);
  // The measure is smoothed, so just after the load fell three seemed to be needed.
  assert.deepEqual(changes.map(({ to, reason }) => [to, reason]), [[3, "quiet"], [1, "quiet"]]);
  assert.ok(changes[0].second >= 160 && changes[1].second >= changes[0].second + 60, JSON.stringify(changes));
  assert.equal(replicas, 1);
});

Deno.test("autoscale does not flap under a load that comes and goes each 40 seconds", () => {
  const { changes } = simulate(1200, (second) => ({ work: second % 40 < 20 ? 1.5 : 0.1 }));
  assert.ok(changes.length <= 2, JSON.stringify(changes));
  assert.ok(changes.every(({ to, from }) => to > from));
});

Deno.test("autoscale stays where it is under a steady load, wherever that lies", () => {
  for (let work = 0.05; work < 2.5; work += 0.05) {
    const { changes } = simulate(1000, () => ({ work }));
    const turns = changes.filter(({ to, from }, i) =>
      i > 0 && Math.sign(to - from) !== Math.sign(changes[i - 1].to - changes[i - 1].from)
    );
    assert.deepEqual(turns, [], `work ${work}: ${JSON.stringify(changes)}`);
  }
});

Deno.test("autoscale goes to zero after idle_s without a request, and only when that is asked for", () => {
  const load = (second: number) => ({ work: second < 10 ? 0.1 : 0, asked: second < 10 });
  const asleep = simulate(100, load, { ...RANGE, min_replicas: 0 });
  assert.deepEqual(asleep.changes, [{ second: 39, from: 1, to: 0, reason: "idle" }]);
  assert.equal(simulate(100, load).replicas, 1);
});

Deno.test("autoscale follows a range that was moved at once", () => {
  const { changes } = simulate(1, () => ({ work: 0 }), { ...RANGE, min_replicas: 3 });
  assert.deepEqual(changes, [{ second: 0, from: 1, to: 3, reason: "range" }]);
});

Deno.test("autoscale decides nothing while replicas start or are gone", () => {
  const state = newScalingState(0);
  const sample = { now_ms: 10_000, replicas: 3, ready: 1, utilization: 1, waiting: 90, asked: true };
  assert.equal(autoscale(state, RANGE, sample), null);
});
