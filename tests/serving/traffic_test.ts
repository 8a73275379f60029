import assert from "node:assert/strict";
import { plainTraffic, type TrafficPlan, VERSION_HEADER } from "@/shared/replica_protocol.ts";
import { createApp } from "@/serving/app.ts";
import type { Replica } from "@/serving/replica_state.ts";
import { loadServedModel } from "@/serving/served_model.ts";
import { placeOf, Traffic } from "@/serving/traffic.ts";
import { until } from "../deployment/scene.ts";
import { flowers, houses } from "./make_artifact.ts";
import { makeReplica, post } from "./make_replica.ts";
import { withPort } from "./http/raw_client.ts";

const ROW = { length: 1.4, width: 0.2 };
const [one, two] = [
  loadServedModel(flowers(), "flowers@3", 1),
  loadServedModel(flowers({ algorithm: "gaussian_nb" }), "flowers@4", 2),
];
const canary = (weight: number, sticky_header: string | null = null): TrafficPlan => ({
  primary: 1,
  canary: { version: 2, weight },
  shadow: null,
  sticky_header,
});

/** A replica that serves flowers@3 as version 1, and as version 2 what is given. */
function replicaWith(
  plan: TrafficPlan,
  bytes = flowers({ algorithm: "gaussian_nb" }),
  model_id = "flowers@4",
): Replica {
  const replica = makeReplica();
  replica.holder.prepare(bytes, model_id, 2);
  replica.holder.direct(plan);
  return replica;
}

Deno.test("a canary gets its share of any number of requests to within one, whatever the weight", () => {
  for (const weight of [0.001, 0.05, 0.1, 1 / 3, 0.5, 0.9, 0.999]) {
    const traffic = new Traffic(canary(weight), [one, two]);
    let taken = 0;
    for (let n = 1; n <= 20_000; n++) {
      if (traffic.choose(new Headers()) === two) taken++;
      assert.ok(Math.abs(taken - n * weight) < 1 + 1e-6, `${taken} of ${n} at ${weight}`);
    }
  }
});

Deno.test("the choice has no rhythm that a caller's rhythm could meet", () => {
  const traffic = new Traffic(canary(0.5), [one, two]);
  const byTurn = [0, 0];
  for (let n = 0; n < 20_000; n++) if (traffic.choose(new Headers()) === two) byTurn[n % 2]++;
  for (const taken of byTurn) assert.ok(Math.abs(taken - 5000) < 300, `${byTurn}`);
});

Deno.test("who sends the sticky header stays with one model, and keeps the canary as its weight grows", () => {
  const callers = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);
  const chosenAt = (weight: number) => {
    const [here, there] = [canary(weight, "x-user"), canary(weight, "x-user")].map((plan) =>
      new Traffic(plan, [one, two])
    );
    return new Set(callers.filter((caller) => {
      const model = here.choose(new Headers({ "x-user": caller }));
      assert.equal(
        there.choose(new Headers({ "x-user": caller })),
        model,
        "another replica chooses the same",
      );
      return model === two;
    }));
  };
  let before = new Set<string>();
  for (const weight of [0.01, 0.05, 0.25, 0.5, 0.9]) {
    const now = chosenAt(weight);
    assert.ok(Math.abs(now.size / callers.length - weight) < 0.01, `${now.size} at ${weight}`);
    assert.deepEqual([...before].filter((caller) => !now.has(caller)), []);
    before = now;
  }
  const other = callers.filter((caller) => placeOf(caller, 3) < 0.1);
  const same = other.filter((caller) => placeOf(caller, 2) < 0.1).length / other.length;
  assert.ok(same < 0.15, "another canary gets other callers");
});

Deno.test("without the sticky header a request is chosen by weight", () => {
  const traffic = new Traffic(canary(0.3, "x-user"), [one, two]);
  let taken = 0;
  for (let n = 0; n < 1000; n++) if (traffic.choose(new Headers()) === two) taken++;
  assert.ok(Math.abs(taken - 300) <= 1);
});

Deno.test("every answer names the model and the version that gave it, and is counted for it", async () => {
  const replica = replicaWith(canary(0.25));
  const app = createApp(replica);
  const seen = new Map<string, number>();
  const count = (model: string, version: string | null) => {
    const key = `${model} ${version}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  };
  await withPort(
    async ({ port }) => {
      for (let n = 0; n < 100; n++) {
        const fast = await fetch(`http://localhost:${port}/predict`, post({ rows: [ROW] }));
        count((await fast.json()).model, fast.headers.get(VERSION_HEADER));
        const inputs = [{ name: "length", datatype: "FP64", shape: [1], data: [1.4] }];
        const tensors = await app.request("/v2/models/flowers/infer", post({ inputs }));
        const { model_name, model_version } = await tensors.json();
        count(`${model_name}@${model_version}`, tensors.headers.get(VERSION_HEADER));
      }
    },
    {},
    replica,
  );
  assert.deepEqual([...seen].sort(), [["flowers@3 1", 150], ["flowers@4 2", 50]]);
  assert.equal(replica.counters.of(1).byStatus.get(200), 150);
  assert.equal(replica.counters.of(2).byStatus.get(200), 50);
  assert.equal(replica.counters.of(2).rows, 50);
  const { traffic } = await (await app.request("/metadata")).json();
  assert.deepEqual(traffic, [
    { version: 1, model: "flowers@3", weight: 0.75, shadow: false },
    { version: 2, model: "flowers@4", weight: 0.25, shadow: false },
  ]);
});

Deno.test("each version that is held is reached by its own path, whichever gets traffic", async () => {
  const shadowed = replicaWith({ ...plainTraffic(1), shadow: 2 });
  for (const replica of [replicaWith(canary(0.001)), shadowed]) {
    const app = createApp(replica);
    const base = "/v2/models/flowers";
    assert.deepEqual((await (await app.request(base)).json()).versions, ["3", "4"]);
    for (const version of ["3", "4"]) {
      const path = `${base}/versions/${version}`;
      assert.equal((await app.request(`${path}/ready`)).status, 200);
      const { properties } = await (await app.request(path)).json();
      assert.equal(properties.model_id, `flowers@${version}`);
      const inputs = [{ name: "length", datatype: "FP64", shape: [1], data: [1.4] }];
      for (let i = 0; i < 5; i++) {
        const answer = await (await app.request(`${path}/infer`, post({ inputs }))).json();
        assert.equal(answer.model_version, version);
      }
    }
    assert.equal((await app.request(`${base}/versions/5/infer`, post({}))).status, 404);
    replica.shadowing.clear();
  }
});

Deno.test("a request that names a version that is held is answered by it", async () => {
  for (
    const replica of [replicaWith(canary(0.5, "x-user")), replicaWith({ ...plainTraffic(1), shadow: 2 })]
  ) {
    const app = createApp(replica);
    for (const [named, model] of [["1", "flowers@3"], ["2", "flowers@4"]]) {
      for (let i = 0; i < 10; i++) {
        const headers = { [VERSION_HEADER]: named, "x-user": `user-${i}` };
        const answer = await app.request("/predict", post({ rows: [ROW] }, headers));
        assert.equal((await answer.json()).model, model);
      }
    }
    replica.shadowing.clear();
  }
  const other = replicaWith({ ...plainTraffic(1), shadow: 2 });
  const answer = await createApp(other).request("/predict", post({ rows: [ROW] }, { [VERSION_HEADER]: "9" }));
  assert.equal((await answer.json()).model, "flowers@3");
  other.shadowing.clear();
});

Deno.test("a request that began before a change is answered by the model it began with", async () => {
  const replica = replicaWith(plainTraffic(1));
  const app = createApp(replica);
  const bodies = Array.from({ length: 50 }, () => app.request("/predict", post({ rows: [ROW] })));
  replica.holder.prepare(flowers({ algorithm: "gaussian_nb" }), "flowers@4", 2);
  replica.holder.direct(plainTraffic(2));
  for (const response of await Promise.all(bodies)) assert.equal(response.status, 200);
  assert.equal((await (await app.request("/predict", post({ rows: [ROW] }))).json()).model, "flowers@4");
  assert.equal(replica.holder.traffic.models.length, 1, "what no traffic names is dropped");
});

Deno.test("traffic that names a model that is not held changes nothing", () => {
  const replica = makeReplica();
  for (const plan of [canary(0.5), plainTraffic(2), { ...plainTraffic(1), shadow: 7 }]) {
    assert.throws(() => replica.holder.direct(plan), /was not prepared here/);
  }
  assert.deepEqual(replica.holder.traffic.plan, plainTraffic(1));
});

const shadowOf = ({ counters }: Replica) => counters.of(2).shadow!;

Deno.test("a shadow is asked after the caller was answered, and its answers are compared", async () => {
  const replica = replicaWith({ ...plainTraffic(1), shadow: 2 });
  const app = createApp(replica);
  // Rows on which the two do not agree, and rows on which they do.
  const rows = Array.from({ length: 60 }, (_, i) => ({ length: 1 + i / 10, width: 0.2 + (i % 7) / 3 }));
  const answers = rows.map((row) => app.request("/predict", post({ rows: [row] })));
  const [first, second] = [1, 2].map((at) => {
    const other = createApp(at === 1 ? makeReplica() : replicaWith(plainTraffic(2)));
    return other.request("/predict", post({ rows }));
  });
  const [mine, theirs] = [await (await first).json(), await (await second).json()];
  for (const answer of answers) assert.equal((await (await answer).json()).model, "flowers@3");
  await until("it has been asked", () => shadowOf(replica)?.requests === rows.length);
  const differing = rows.filter((_, i) => mine.predictions[i] !== theirs.predictions[i]).length;
  const shadow = shadowOf(replica);
  assert.ok(differing > 0 && differing < rows.length);
  assert.deepEqual([shadow.rows, shadow.differing, shadow.failures], [rows.length, differing, 0]);
  const distance = rows.reduce((sum, _, i) => {
    const [a, b] = [mine.probabilities[i], theirs.probabilities[i]];
    return sum + Object.keys(a).reduce((half, label) => half + Math.abs(a[label] - b[label]) / 2, 0);
  }, 0);
  assert.ok(Math.abs(shadow.abs_difference - distance) < 1e-9);
  assert.equal(replica.counters.of(2).byStatus.size, 0, "no caller was answered by it");
  assert.equal(replica.counters.total().byStatus.get(200), rows.length);
});

Deno.test("a shadow's numbers differ only beyond a tenth of the target's spread", async () => {
  const replica = makeReplica({}, houses(), "houses@1");
  replica.holder.prepare(houses({ params: { alpha: 0.9 } }), "houses@2", 2);
  replica.holder.direct({ ...plainTraffic(1), shadow: 2 });
  const app = createApp(replica);
  await (await app.request("/predict", post({ rows: [{ area: 80 }, { area: 120 }] }))).json();
  await until("it has been asked", () => shadowOf(replica)?.requests === 1);
  assert.equal(shadowOf(replica).differing, 0);
  assert.ok(shadowOf(replica).abs_difference > 0);
  replica.holder.prepare(houses({ algorithm: "dummy" }), "houses@3", 3);
  replica.holder.direct({ ...plainTraffic(1), shadow: 3 });
  await (await app.request("/predict", post({ rows: [{ area: 41 }, { area: 139 }] }))).json();
  await until("it has been asked", () => replica.counters.of(3).shadow?.requests === 1);
  assert.equal(replica.counters.of(3).shadow!.differing, 2);
});

Deno.test("a shadow that fails is counted, and no caller notices", async () => {
  // Its columns are others, so it refuses every row; and one that breaks on any.
  const refusing = replicaWith({ ...plainTraffic(1), shadow: 2 }, houses(), "houses@1");
  const breaking = replicaWith({ ...plainTraffic(1), shadow: 2 });
  (breaking.holder.traffic.shadow!.artifact.pipeline as { features: unknown }).features = null;
  for (const replica of [refusing, breaking]) {
    const [app, plain] = [createApp(replica), createApp(makeReplica())];
    for (let n = 0; n < 20; n++) {
      const [answer, expected] = [app, plain].map((on) => on.request("/predict", post({ rows: [ROW] })));
      assert.equal((await answer).status, 200);
      assert.deepEqual(await (await answer).json(), await (await expected).json());
    }
    await until("it has been asked", () => shadowOf(replica)?.requests === 20);
    assert.equal(shadowOf(replica).failures, 20);
    assert.equal(shadowOf(replica).rows, 0);
    assert.equal(replica.last_error, null);
  }
});

Deno.test("a shadow that can't keep up loses requests, which are counted, and callers wait for none", async () => {
  const replica = replicaWith({ ...plainTraffic(1), shadow: 2 });
  const slow = replica.holder.traffic.shadow!;
  const { artifact } = slow;
  let asked = 0;
  Object.defineProperty(slow, "artifact", {
    get() {
      const end = performance.now() + 20;
      while (performance.now() < end);
      asked++;
      return artifact;
    },
  });
  const app = createApp(replica);
  for (let batch = 0; batch < 3; batch++) {
    const answers = await Promise.all(
      Array.from({ length: 400 }, () => app.request("/predict", post({ rows: [ROW] }))),
    );
    assert.ok(answers.every(({ status }) => status === 200));
  }
  const { dropped } = shadowOf(replica);
  assert.ok(dropped >= 700, `${dropped} dropped`);
  // At most a quarter of the time is its own.
  const [before, began] = [asked, performance.now()];
  await new Promise((done) => setTimeout(done, 400));
  const share = (asked - before) * 20 / (performance.now() - began);
  assert.ok(share < 0.4, `${share} of the time`);
  replica.shadowing.clear();
  const counted = shadowOf(replica);
  assert.equal(counted.requests + counted.dropped, 1200, "each was asked or dropped");
});
