/** The TABLE of what `mlmcp doctor` looks at: each check tries the thing itself. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { CommandContext } from "@/shared/command.ts";
import { createHome } from "@/shared/home.ts";
import { CONTROL_HEADER } from "@/shared/replica_protocol.ts";
import { selfCommand } from "@/shared/self_command.ts";
import type { Check, Finding } from "./doctor.ts";

export const CHECKS: readonly Check[] = [
  { name: "runtime", run: runtime },
  { name: "home", run: homeFolder },
  { name: "disk", run: diskSpace },
  { name: "database", run: database },
  { name: "sandbox", run: sandbox },
  { name: "own processes", run: ownProcess },
  { name: "ports", run: ports },
  { name: "balancing", run: balancing },
  { name: "supervisor", run: supervisor },
  { name: "kaggle login", run: kaggleLogin },
  { name: "kaggle network", run: kaggleNetwork },
];

const ok = (detail: string): Finding => ({ status: "ok", detail });

/** The oldest Deno that the tests run on. */
const OLDEST = [2, 6];

function runtime(): Finding {
  const [major, minor] = Deno.version.deno.split(".").map(Number);
  const detail = `Deno ${Deno.version.deno}, ${
    Deno.build.standalone ? "compiled" : "from source"
  }, ${Deno.build.target}`;
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return ok(detail);
  return { status: "failed", detail: `${detail}; 2.6 is the oldest that works`, mend: "deno upgrade" };
}

function homeFolder({ home }: CommandContext): Finding {
  createHome(home.path);
  return ok(`${home.path} can be written`);
}

const ROOM_BYTES = 64 * 1024 * 1024;

/** Room is tried by taking it: asking the system how much there is would need one more right. */
async function diskSpace({ home }: CommandContext): Promise<Finding> {
  const path = join(home.logs, `.doctor-${crypto.randomUUID()}`);
  try {
    const file = await Deno.open(path, { write: true, createNew: true });
    try {
      const chunk = new Uint8Array(1024 * 1024).fill(1);
      for (let written = 0; written < ROOM_BYTES;) written += await file.write(chunk);
      await file.sync();
    } finally {
      file.close();
    }
  } catch (error) {
    return {
      status: "failed",
      detail: `${ROOM_BYTES / 1024 / 1024} MiB can't be written to ${home.path}: ${(error as Error).message}`,
      mend: "free some space, or choose another place with --home DIR",
    };
  } finally {
    await Deno.remove(path).catch(() => {});
  }
  return ok(`room for ${ROOM_BYTES / 1024 / 1024} MiB more, at least`);
}

function database({ home }: CommandContext): Finding {
  const path = join(home.logs, `.doctor-${crypto.randomUUID()}.db`);
  const probe = new DatabaseSync(path);
  try {
    probe.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1)");
  } finally {
    probe.close();
    for (const ending of ["", "-wal", "-shm"]) {
      try {
        Deno.removeSync(path + ending);
      } catch { /* was not made */ }
    }
  }
  try {
    Deno.statSync(home.database);
  } catch {
    return ok("SQLite writes; state.db is made with the first use");
  }
  const db = new DatabaseSync(home.database);
  try {
    const { quick_check } = db.prepare("PRAGMA quick_check").get() as { quick_check: string };
    if (quick_check === "ok") return ok("SQLite writes; state.db is whole");
    return {
      status: "failed",
      detail: `state.db is damaged: ${quick_check}`,
      mend: `mv ${home.database} ${home.database}.damaged`,
    };
  } finally {
    db.close();
  }
}

/** Runs inside a Worker without rights and tries everything. */
const TRIES = `const tries = {
  read: () => Deno.readDirSync("/").next(),
  write: () => Deno.writeTextFileSync("mlmcp-doctor", ""),
  net: () => Deno.listen({ port: 0 }),
  env: () => Deno.env.get("HOME"),
  run: () => new Deno.Command(Deno.execPath()).outputSync(),
  sys: () => Deno.hostname(),
  ffi: () => Deno.dlopen("x", {}),
};
postMessage(Object.keys(tries).filter((name) => {
  try { tries[name](); return true; } catch (error) { return error.name !== "NotCapable"; }
}));`;

/** Training runs in such Workers. */
async function sandbox(): Promise<Finding> {
  const worker = new Worker(`data:application/javascript,${encodeURIComponent(TRIES)}`, {
    type: "module",
    deno: { permissions: "none" },
  });
  try {
    const allowed = await new Promise<string[]>((done, failed) => {
      worker.onmessage = ({ data }) => done(data);
      worker.onerror = (event) => {
        event.preventDefault();
        failed(new Error(event.message));
      };
    });
    if (allowed.length === 0) return ok("a Worker without rights can do nothing outside itself");
    return {
      status: "failed",
      detail: `a Worker without rights still has: ${allowed.join(", ")}`,
      mend: "deno upgrade",
    };
  } finally {
    worker.terminate();
  }
}

async function ownProcess({ childEnv }: CommandContext): Promise<Finding> {
  const { success, stdout, stderr } = await selfCommand(["--version"], {
    env: childEnv,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const said = new TextDecoder().decode(success ? stdout : stderr).trim();
  if (success && said.startsWith("mlmcp")) return ok(`${said} can start itself`);
  return {
    status: "failed",
    detail: `mlmcp can't start itself: ${said.slice(0, 300)}`,
    mend: `${Deno.execPath()} --version`,
  };
}

const PORTS_TRIED = 50;

function ports({ config }: CommandContext): Finding {
  const from = config["serving.port_from"];
  const to = Math.min(65_535, from + PORTS_TRIED - 1);
  for (let port = from; port <= to; port++) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return ok(
        port === from
          ? `${port} is free for the next endpoint`
          : `${port} is the first free one from ${from}`,
      );
    } catch { /* taken */ }
  }
  return {
    status: "failed",
    detail: `no port from ${from} to ${to} is free`,
    mend: "MLMCP_PORT_FROM=9100, or serving.port_from in the config file",
  };
}

const CONNECTIONS = 40;

/** Whether the kernel spreads connections over the processes that share a port. */
async function balancing(): Promise<Finding> {
  if (Deno.build.os !== "linux") {
    return {
      status: "warning",
      detail:
        `${Deno.build.os} does not spread connections over processes: an endpoint gets one replica by default`,
      mend: "for several replicas, serve on Linux",
    };
  }
  const first = Deno.listen({ hostname: "127.0.0.1", port: 0, reusePort: true });
  const { port } = first.addr;
  const second = Deno.listen({ hostname: "127.0.0.1", port, reusePort: true });
  const counts = [first, second].map(async (listener) => {
    let count = 0;
    for await (const connection of listener) {
      count++;
      connection.close();
    }
    return count;
  });
  for (let i = 0; i < CONNECTIONS; i++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    // The other side closes once it has taken the connection.
    await connection.read(new Uint8Array(1)).catch(() => null);
    connection.close();
  }
  first.close();
  second.close();
  const [a, b] = await Promise.all(counts);
  if (a > 0 && b > 0) {
    return ok(`the kernel spreads connections over replicas (${a} and ${b} of ${CONNECTIONS})`);
  }
  return {
    status: "warning",
    detail:
      `the kernel gave all of ${CONNECTIONS} connections to one process: more replicas bring nothing here`,
    mend: "deploy with replicas: 1",
  };
}

async function supervisor({ home }: CommandContext): Promise<Finding> {
  let file: { port: number; token: string; pid: number };
  try {
    file = JSON.parse(await Deno.readTextFile(join(home.path, "supervisor.json")));
  } catch {
    return ok("not running; the first deployment starts it");
  }
  try {
    const answer = await fetch(`http://127.0.0.1:${file.port}/ping`, {
      method: "POST",
      headers: { [CONTROL_HEADER]: file.token },
      signal: AbortSignal.timeout(3000),
    });
    await answer.body?.cancel();
    if (answer.ok) return ok(`running (process ${file.pid})`);
  } catch { /* gone */ }
  return {
    status: "warning",
    detail: `process ${file.pid} does not answer; it was ended or the machine started again`,
    mend: "mlmcp deploy-server (or any agent run) brings back what should run; mlmcp status shows it",
  };
}

function kaggleLogin({ env }: CommandContext): Finding {
  if (env.KAGGLE_API_TOKEN) return ok("KAGGLE_API_TOKEN is set");
  if (env.KAGGLE_USERNAME && env.KAGGLE_KEY) return ok("KAGGLE_USERNAME and KAGGLE_KEY are set");
  return {
    status: "warning",
    detail:
      "no credentials in the environment (a kaggle.json in ~/.kaggle is used too, but not looked at here); " +
      "embedded and local data work without",
    mend: "export KAGGLE_API_TOKEN=... (from https://www.kaggle.com/settings)",
  };
}

async function kaggleNetwork({ config }: CommandContext): Promise<Finding> {
  const url = config["kaggle.url"];
  try {
    const answer = await fetch(url, {
      method: "HEAD",
      redirect: "manual",
      signal: AbortSignal.timeout(5000),
    });
    await answer.body?.cancel();
    return ok(`${url} answers`);
  } catch (error) {
    return {
      status: "warning",
      detail: `${url} can't be reached (${reasonOf(error)}); embedded and local data work without`,
      mend: "check the network, a proxy (HTTPS_PROXY) or the certificates (DENO_TLS_CA_STORE=system)",
    };
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
