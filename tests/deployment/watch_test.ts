import assert from "node:assert/strict";
import { deployModel, scale } from "@/deployment/deploy.ts";
import { type DescribedEndpoint, describeEndpoint } from "@/deployment/describe.ts";
import { Random } from "@/shared/random.ts";
import { RIGHTS } from "@/shared/confine.ts";
import { loadConfig } from "@/shared/config.ts";
import { soak } from "./soak.ts";
import { type Scene, supervisorPid, until, withScene } from "./scene.ts";

const status = (scene: Scene, name = "flowers"): Promise<DescribedEndpoint> =>
  describeEndpoint(scene.records, scene.records.endpoint(name)!);

async function deploy(scene: Scene, replicas = 1): Promise<string> {
  const { one } = scene.models;
  const { url } = await deployModel(
    scene,
    { model_id: one.model_id, gate_id: scene.gate(one), replicas },
    scene.waiting,
  );
  return url;
}

/** Rows as in training, but for the length of every flower. */
function flowers(count: number, shift = 0, seed = 7): Record<string, number>[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => ({
    length: Math.round((2 * (i % 3) + 1.5 + 0.4 * random.normal() + shift) * 10) / 10,
    width: Math.round((0.7 * (i % 3) + 0.3 + 0.1 * random.normal()) * 10) / 10,
  }));
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, id: response.headers.get("x-request-id")!, body: await response.json() };
}

const metricOf = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );

Deno.test("drift shows in the status when the rows change, and not before", async () => {
  await withScene(async (scene) => {
    const url = await deploy(scene);
    await post(`${url}/predict`, { rows: flowers(300) });
    const calm = await until("rows are seen", async () => {
      const { drift } = await status(scene);
      return drift?.rows.recent === 300 ? drift : null;
    });
    assert.equal(calm.verdict, "none");
    assert.deepEqual(calm.columns.map(({ name }) => name), ["length", "width"]);
    for (let i = 0; i < 4; i++) {
      await post(`${url}/predict`, { rows: flowers(300, 3, i) });
      await new Promise((done) => setTimeout(done, 300));
    }
    const drifted = await until("drift is seen", async () => {
      const { drift } = await status(scene);
      return drift?.verdict === "drift" ? drift : null;
    });
    const [length, width] = drifted.columns;
    assert.equal(length.verdict, "drift");
    assert.equal(width.verdict, "none");
    assert.ok(length.unseen_share > 0.1, "lengths that training never had");
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /^mlmcp_drift_verdict\{[^}]*column="length"[^}]*\} 2$/m);
  });
});

Deno.test("labels meet their predictions, whichever replica hears them", async () => {
  await withScene(async (scene) => {
    const url = await deploy(scene, 2);
    const labels: unknown[] = [];
    for (let i = 0; i < 20; i++) {
      const { id } = await post(`${url}/predict`, { rows: flowers(3, 0, i) }, { connection: "close" });
      // The third of each three is a virginica, whatever is told here.
      ["setosa", "versicolor", "setosa"].forEach((actual, row) =>
        labels.push({ request_id: id, row, actual })
      );
    }
    assert.deepEqual((await post(`${url}/feedback`, { rows: labels })).body, { accepted: 60 });
    await post(`${url}/feedback`, { request_id: "never-was", actual: "setosa" }, { connection: "close" });
    const told = await until("labels are joined", async () => {
      const { accuracy } = await status(scene);
      return accuracy.feedback.unmatched === 1 ? accuracy : null;
    });
    const wait = { prefer: "wait=10", connection: "close" };
    const { id, body } = await post(`${url}/predict`, { rows: flowers(1) }, { connection: "close" });
    const heard = await post(`${url}/feedback`, { request_id: id, actual: body.predictions[0] }, wait);
    assert.deepEqual(heard.body, { accepted: 1, matched: 1 });
    const refused = await post(`${url}/feedback`, { request_id: id, actual: "setosa" }, wait);
    assert.equal(refused.status, 404, "it was labelled before");
    assert.equal(told.feedback.matched, 60);
    assert.equal(told.labelled!.rows, 60);
    assert.ok(told.labelled!.metrics.accuracy > 0.5 && told.labelled!.metrics.accuracy < 0.7);
    assert.ok(told.labelled!.metrics.log_loss > 0);
  });
});

Deno.test("every replica tells the metrics of all, and they never go back when one is killed", async () => {
  await withScene(async (scene) => {
    const url = await deploy(scene, 2);
    let sent = 0;
    let highest = 0;
    const scrape = async () => {
      const text = await (await fetch(`${url}/metrics`, { headers: { connection: "close" } })).text();
      const total = metricOf(text, "mlmcp_requests_total");
      assert.ok(total >= highest, `${total} after ${highest}`);
      highest = total;
      return total;
    };
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 30; i++) {
        try {
          await post(`${url}/predict`, { rows: flowers(1) }, { connection: "close" });
          sent++;
        } catch { /* the replica that was killed */ }
      }
      if (round === 2) Deno.kill(scene.pids()[0], "SIGKILL");
      await new Promise((done) => setTimeout(done, 400));
      for (let i = 0; i < 4; i++) {
        await scrape().catch((error) => {
          if (error instanceof assert.AssertionError) throw error;
        });
      }
    }
    await until("all that was kept is told", async () => await scrape() >= sent - 60);
  });
});

Deno.test("metrics do not go back when a replica and the supervisor are killed together", async () => {
  await withScene(async (scene) => {
    const url = await deploy(scene, 2);
    const scrape = async () => {
      const text = await (await fetch(`${url}/metrics`, { headers: { connection: "close" } })).text();
      return metricOf(text, "mlmcp_requests_total");
    };
    for (let i = 0; i < 60; i++) {
      await post(`${url}/predict`, { rows: flowers(1) }, { connection: "close" });
    }
    await until("all are told", async () => await scrape() === 60);
    Deno.kill(await supervisorPid(scene), "SIGKILL");
    Deno.kill(scene.pids()[0], "SIGKILL");
    await until("both are there again", async () => {
      const { status: state, replicas } = await status(scene);
      return state === "ready" && replicas.some(({ restarts }) => restarts > 0);
    });
    for (let i = 0; i < 20; i++) {
      assert.ok(await scrape().catch(() => 60) >= 60);
      await new Promise((done) => setTimeout(done, 150));
    }
  });
});

Deno.test("windows and labels outlive their supervisor", async () => {
  await withScene(async (scene) => {
    const url = await deploy(scene);
    const { id, body } = await post(`${url}/predict`, { rows: flowers(200) });
    await until("rows are seen", async () => (await status(scene)).drift?.rows.recent === 200);
    const first = await supervisorPid(scene);
    Deno.kill(first, "SIGTERM");
    await until("another one looks after it", async () => await supervisorPid(scene) !== first);
    await post(`${url}/predict`, { rows: flowers(1) });
    await until(
      "rows of both are in the window",
      async () => (await status(scene)).drift?.rows.recent === 201,
    );
    await post(`${url}/feedback`, { request_id: id, row: 5, actual: body.predictions[5] });
    await until("the label is joined", async () => (await status(scene)).accuracy.feedback.matched === 1);
  });
});

Deno.test("an alert is told to the webhook once when it fires and once when it resolves", async () => {
  const told: { rule: string; state: string; endpoint: string }[] = [];
  let refuse = 1;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const notice = await request.json();
    if (refuse-- > 0) return new Response(null, { status: 503 });
    told.push(notice);
    return new Response(null, { status: 204 });
  });
  try {
    await withScene(async (scene) => {
      const url = await deploy(scene);
      await scale(scene, { endpoint: "flowers", replicas: 2 }, scene.waiting);
      const bad = { rows: [{ colour: "red" }] };
      for (let i = 0; i < 60; i++) await post(`${url}/predict`, bad);
      await until("it has fired", () => told.length === 1);
      assert.equal(told[0].state, "firing");
      assert.equal(told[0].endpoint, "flowers");
      assert.match(told[0].rule, /^refused_rate > 0.5/);
      assert.equal((await status(scene)).alerts[0].state, "firing");
      Deno.kill(await supervisorPid(scene), "SIGKILL");
      for (let i = 0; i < 200; i++) await post(`${url}/predict`, { rows: flowers(1) });
      await until("it has resolved", () => told.length === 2, 30_000);
      assert.deepEqual(told.map(({ state }) => state), ["firing", "resolved"]);
    }, {
      MLMCP_ALERT_WEBHOOK: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}/hook`,
      MLMCP_ALERT_RULES: "refused_rate > 0.5 for 1s",
    });
  } finally {
    await server.shutdown();
  }
});

Deno.test("the prediction log tells what it may, and no more", async () => {
  await withScene(async (scene) => {
    const url = await deploy(scene);
    const path = `${scene.home.logs}/predictions/flowers/predictions.jsonl`;
    const lines = await until("a line is there", async () => {
      await post(`${url}/predict`, { rows: flowers(2) });
      try {
        return Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line));
      } catch {
        return null;
      }
    });
    assert.deepEqual(Object.keys(lines[0].inputs), ["width"]);
    assert.equal(lines[0].model_id, "flowers@1");
    assert.ok(lines[0].request_id && lines[0].time && lines[0].prediction);
  }, { MLMCP_PREDICTION_LOG_SHARE: "1", MLMCP_PREDICTION_LOG_OMIT: "length" });
});

Deno.test("the supervisor reaches the webhook's host, and none where there is no webhook", () => {
  const net = (webhook: string) =>
    RIGHTS.supervisor({
      home: "/somewhere",
      config: loadConfig({}, { MLMCP_HOME: "/somewhere", MLMCP_ALERT_WEBHOOK: webhook }, null).config,
      args: [],
    }).net;
  assert.deepEqual(net("https://hooks.example.com/x").filter((host) => !net("").includes(host)), [
    "hooks.example.com",
  ]);
});

Deno.test("many requests leave the memory of replica and supervisor, and the disk, as they were", async () => {
  const memory = await soak(30_000);
  const [half, last] = [memory[5], memory[10]];
  assert.equal(last.requests, 30_000);
  assert.ok(last.supervisor_mb - half.supervisor_mb < 40, JSON.stringify(memory));
  assert.ok(last.replicas_mb - half.replicas_mb < 60, JSON.stringify(memory));
  assert.ok(last.disk_mb < 12, JSON.stringify(memory));
});
