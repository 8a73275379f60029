import assert from "node:assert/strict";
import { deployModel } from "@/deployment/deploy.ts";
import { ensureSupervisor } from "@/deployment/ensure_supervisor.ts";
import { describeEndpoint } from "@/deployment/describe.ts";
import { isAlive, type Scene, until, withScene } from "./scene.ts";
import { startStorm } from "./storm.ts";

/** Longer by hand: MLMCP_STORM_S=600 deno test -A tests/deployment/storm_test.ts */
const STORM_S = Number(Deno.env.get("MLMCP_STORM_S") ?? 12);

interface Processes {
  /** Supervisors and standbys: one of them holds the lock. */
  owners: number[];
  replicas: number[];
}

/** Of this home, as the kernel knows them. */
function processesOf(scene: Scene): Processes {
  const owners: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      const args = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
      if (args.includes("supervisor") && args.includes(scene.home.path) && isAlive(Number(name))) {
        owners.push(Number(name));
      }
    } catch { /* no process, or it has just ended */ }
  }
  return { owners, replicas: scene.pids() };
}

/** How many sockets listen on the port: replicas, and who holds it for them. Source: proc(5), /proc/net/tcp */
function listenersOf(url: string): number {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, "0");
  return Deno.readTextFileSync("/proc/net/tcp").split("\n")
    .filter((line) => new RegExp(`^ *\\d+: [0-9A-F]{8}:${port} [0-9A-F]{8}:0000 0A `).test(line)).length;
}

function kill(pid: number | undefined): boolean {
  try {
    if (pid === undefined) return false;
    Deno.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

/** Same kills in each run. */
function randoms(seed: number): () => number {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

Deno.test("an endpoint under load outlives kills of replicas, supervisors and standbys at random", {
  ignore: Deno.build.os !== "linux",
}, () =>
  withScene(async (scene) => {
    const { models, waiting } = scene;
    const gate_id = scene.gate(models.one);
    const { url } = await deployModel(scene, { model_id: "flowers@1", gate_id, replicas: 2 }, waiting);
    const end = startStorm(url, { keeping: 6, opening: 2 });
    const random = randoms(7);
    const kills = { replicas: 0, owners: 0 };
    let ownerless = 0;
    let most_listeners = 0;
    const until_ms = performance.now() + STORM_S * 1000;
    while (performance.now() < until_ms) {
      await new Promise((done) => setTimeout(done, 200 + 1200 * random()));
      most_listeners = Math.max(most_listeners, listenersOf(url));
      const there = processesOf(scene);
      // Killed both before there was another: the next command brings an owner, as this one does.
      if (there.owners.length === 0) {
        ownerless++;
        await ensureSupervisor(scene.context);
      }
      const kind = random() < 0.6 ? "replicas" : "owners";
      if (kill(there[kind][Math.floor(random() * there[kind].length)])) kills[kind]++;
    }
    const calm_ms = performance.now();
    await ensureSupervisor(scene.context);
    const replicas = await until("it has all its replicas again", async () => {
      const { status, replicas } = await describeEndpoint(scene.records, scene.records.endpoint("flowers")!);
      return status === "ready" && replicas.every(({ status }) => status === "ready") ? replicas : null;
    }, 60_000);
    const recovered_ms = performance.now() - calm_ms;
    const storm = await end();
    const lost = [...storm.lost.values()].reduce((sum, count) => sum + count, 0);
    const told = JSON.stringify({
      kills,
      ownerless,
      most_listeners,
      recovered_ms: Math.round(recovered_ms),
      sent: storm.sent,
      lost,
      how: Object.fromEntries(storm.lost),
      longest_gap_ms: Math.round(storm.longest_gap_ms),
    });
    if (Deno.env.has("MLMCP_STORM_S")) console.log(told);
    assert.ok(kills.replicas > 0 && kills.owners > 0, told);
    // What a killed replica was just answering is lost with it. Refused is who came while neither a replica nor an
    // owner lived, told (503) who came while replicas were killed faster than they are started again; each of the
    // eight callers asks again after 10 ms.
    const refused = storm.lost.get("connect: ConnectionRefused") ?? 0;
    const later = storm.lost.get("503") ?? 0;
    assert.ok(lost - refused - later <= 16 * kills.replicas, told);
    assert.ok(storm.longest_gap_ms < 10_000 && lost < storm.sent / 10, told);
    assert.equal(replicas.length, 2);
    // Two replicas and whoever holds the port for them; a second owner would have started more.
    assert.ok(most_listeners <= 3, told);
    await until("nobody else listens there", () => listenersOf(url) === 2);
  }));

/** As if all went at once: whoever is left may still start another, so until nobody is. */
async function killAll(scene: Scene): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const { owners, replicas } = processesOf(scene);
    if (owners.length + replicas.length === 0) return;
    for (const pid of [...owners, ...replicas]) kill(pid);
    await new Promise((done) => setTimeout(done, 20));
  }
}

Deno.test("what a power cut leaves, rows of dead replicas, a stale control file and half-written files, is in nobody's way", () =>
  withScene(async (scene) => {
    const { home, records, models, waiting } = scene;
    const gate_id = scene.gate(models.one);
    const { url } = await deployModel(scene, { model_id: "flowers@1", gate_id, replicas: 2 }, waiting);
    await killAll(scene);
    // By now another program has the ports that the rows and the control file tell.
    const stranger = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("hello"),
    );
    const { port } = stranger.addr as Deno.NetAddr;
    const ours = records.replicas().map(({ replica_id }) => replica_id);
    for (const id of ours) records.updateReplica(id, { control_port: port, pid: Deno.pid, status: "ready" });
    await Deno.writeTextFile(
      `${home.path}/supervisor.json`,
      JSON.stringify({ port, token: "old", pid: Deno.pid }),
    );
    await Deno.writeTextFile(`${home.path}/.supervisor.json.0000.tmp`, '{"port": 12');
    await ensureSupervisor(scene.context);
    await until("both replicas are new ones", () => {
      const rows = records.replicas();
      return rows.length === 2 && rows.every(({ status, pid }) => status === "ready" && pid !== Deno.pid);
    });
    assert.equal((await scene.predict(url)).status, 200);
    assert.ok(isAlive(Deno.pid), "whoever has the process id now is left alone");
    await stranger.shutdown();
    await killAll(scene);
    await Deno.writeTextFile(`${home.path}/supervisor.json`, '{"port": 1');
    await ensureSupervisor(scene.context);
    await until("it answers", () => scene.predict(url).then(({ status }) => status === 200, () => false));
  }));
