/**
 * Many requests on a watched endpoint, and what they do to the memory of its processes.
 * Run by itself with a number: deno run -A tests/deployment/soak.ts 1000000
 */
import { deployModel } from "@/deployment/deploy.ts";
import { describeEndpoint } from "@/deployment/describe.ts";
import { type Scene, supervisorPid, until, withScene } from "./scene.ts";

export interface Memory {
  requests: number;
  /** Resident, in MB. */
  replicas_mb: number;
  supervisor_mb: number;
  disk_mb: number;
}

const ROWS = ['{"rows":[{"length":1.4,"width":0.2}]}', '{"rows":[{"length":5.6,"width":1.8}]}'];
const CONNECTIONS = 8;
/** Requests that are on their way at once on a connection. */
const PIPELINED = 16;

/** Sends requests over one connection, several at once, as a proxy would. @returns how many were answered 200 */
async function sendSome(port: number, count: number, name: string): Promise<number> {
  const connection = await Deno.connect({ port });
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 18);
  let fine = 0;
  try {
    for (let sent = 0; sent < count;) {
      const batch = Math.min(PIPELINED, count - sent);
      let text = "";
      for (let i = 0; i < batch; i++, sent++) {
        const body = ROWS[sent % ROWS.length];
        text += "POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n" +
          `x-request-id: ${name}-${sent}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
      }
      const bytes = encoder.encode(text);
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
      let heard = "";
      while (heard.split("HTTP/1.1 ").length - 1 < batch || !heard.endsWith("}")) {
        const size = await connection.read(buffer);
        if (size === null) return fine;
        heard += decoder.decode(buffer.subarray(0, size));
      }
      fine += heard.split("HTTP/1.1 200").length - 1;
    }
  } finally {
    connection.close();
  }
  return fine;
}

function residentMb(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(text.match(/VmRSS:\s+(\d+)/)![1]) / 1024;
}

function folderMb(path: string): number {
  let size = 0;
  for (const entry of Deno.readDirSync(path)) {
    const inner = `${path}/${entry.name}`;
    size += entry.isDirectory ? folderMb(inner) * 1024 * 1024 : Deno.statSync(inner).size;
  }
  return size / 1024 / 1024;
}

async function look(scene: Scene): Promise<Memory> {
  const { requests } = await describeEndpoint(scene.records, scene.records.endpoint("flowers")!);
  return {
    requests: requests.total,
    replicas_mb: scene.pids().reduce((sum, pid) => sum + residentMb(pid), 0),
    supervisor_mb: residentMb(await supervisorPid(scene)),
    disk_mb: folderMb(scene.home.path),
  };
}

/** Sends them in ten parts. @returns the memory before, and after each part */
export async function soak(requests: number, tell: (memory: Memory) => void = () => {}): Promise<Memory[]> {
  const seen: Memory[] = [];
  await withScene(async (scene) => {
    const { one } = scene.models;
    const { url } = await deployModel(
      scene,
      { model_id: one.model_id, gate_id: scene.gate(one) },
      scene.waiting,
    );
    const port = Number(new URL(url).port);
    const note = async () => {
      const memory = await look(scene);
      seen.push(memory);
      tell(memory);
    };
    await note();
    for (let part = 0; part < 10; part++) {
      const each = Math.ceil(requests / 10 / CONNECTIONS);
      const fine = await Promise.all(
        Array.from({ length: CONNECTIONS }, (_, i) => sendSome(port, each, `p${part}c${i}`)),
      );
      if (fine.some((count) => count !== each)) throw new Error(`answered ${fine} of ${each} each`);
      await until("the supervisor has looked", async () => {
        const { drift } = await describeEndpoint(scene.records, scene.records.endpoint("flowers")!);
        return drift && drift.rows.hour > 0;
      });
      await note();
    }
  }, {
    MLMCP_KEEP_PREDICTIONS: String(Math.min(100_000, requests / 10)),
    MLMCP_PREDICTION_LOG_SHARE: "0.1",
    MLMCP_PREDICTION_LOG_MAX_MB: "4",
  });
  return seen;
}

if (import.meta.main) {
  const started = performance.now();
  await soak(Number(Deno.args[0] ?? 1_000_000), ({ requests, replicas_mb, supervisor_mb, disk_mb }) => {
    console.log(
      `${Math.round((performance.now() - started) / 1000)} s: ${requests} requests, replica ${
        Math.round(replicas_mb)
      } MB, supervisor ${Math.round(supervisor_mb)} MB, disk ${disk_mb.toFixed(1)} MB`,
    );
  });
}
