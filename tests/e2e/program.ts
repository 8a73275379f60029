/** mlmcp as a user runs it: from source, or the compiled binary, each in a home of its own. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Program {
  name: "source" | "compiled";
  command: string;
  args: string[];
  /** Why it can't be run here; null when it can. */
  missing: string | null;
}

export const SOURCE: Program = {
  name: "source",
  command: Deno.execPath(),
  args: [
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-all",
    "--config",
    join(ROOT, "deno.json"),
    join(ROOT, "main.ts"),
  ],
  missing: null,
};

/** Both programs; the binary is built when it is older than the source. */
export async function programs(): Promise<Program[]> {
  const binary = join(ROOT, "dist", Deno.build.os === "windows" ? "mlmcp.exe" : "mlmcp");
  const missing = await isFresh(binary) ? null : await build();
  return [SOURCE, { name: "compiled", command: binary, args: [], missing }];
}

async function build(): Promise<string | null> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "compile"],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return success ? null : new TextDecoder().decode(stderr).trim().split("\n").slice(-6).join(" ");
}

async function isFresh(binary: string): Promise<boolean> {
  const built = await Deno.stat(binary).then((info) => info.mtime?.getTime() ?? 0, () => 0);
  if (built === 0) return false;
  for (
    const path of [
      "main.ts",
      "commands.ts",
      "command_worker.ts",
      "deno.json",
      "src",
      "servers",
      "agent",
      "tasks",
    ]
  ) {
    if (await newest(join(ROOT, path)) > built) return false;
  }
  return true;
}

async function newest(path: string): Promise<number> {
  const info = await Deno.stat(path);
  let latest = info.mtime?.getTime() ?? Infinity;
  if (info.isDirectory) {
    for await (const entry of Deno.readDir(path)) {
      latest = Math.max(latest, await newest(join(path, entry.name)));
    }
  }
  return latest;
}

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder with a home inside, and the ways to run mlmcp in it; everything is stopped and removed at the end. */
export async function inSandbox(program: Program, work: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "mlmcp-e2e-" }));
  const sandbox = new Sandbox(program, folder);
  let failure: unknown = null;
  try {
    await work(sandbox);
  } catch (error) {
    failure = error;
  }
  await sandbox.run(["stop"]);
  const left = await sandbox.processes();
  await Deno.remove(folder, { recursive: true });
  if (failure) throw failure;
  if (left.length > 0) throw new Error(`processes were left behind: ${left.join("; ")}`);
}

export class Sandbox {
  readonly home: string;
  constructor(readonly program: Program, readonly folder: string) {
    this.home = join(folder, "home");
  }

  env(extra: Record<string, string> = {}): Record<string, string> {
    const kept = ["PATH", "HOME", "DENO_DIR", "TMPDIR", "DENO_TLS_CA_STORE"].flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    return {
      ...Object.fromEntries(kept),
      NO_COLOR: "1",
      MLMCP_ORPHAN_GRACE_S: "60",
      MLMCP_PORT_FROM: String(20000 + Math.floor(Math.random() * 20000)),
      // No test reaches the network: nothing listens there.
      MLMCP_KAGGLE_URL: "http://127.0.0.1:9",
      ...extra,
    };
  }

  spawn(
    args: string[],
    options: { env?: Record<string, string>; stdin?: "piped" | "null" } = {},
  ): Deno.ChildProcess {
    return new Deno.Command(this.program.command, {
      args: [...this.program.args, ...args, "--home", this.home],
      cwd: this.folder,
      clearEnv: true,
      env: this.env(options.env),
      stdin: options.stdin ?? "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(args: string[], options: { env?: Record<string, string> } = {}): Promise<Outcome> {
    const { code, stdout, stderr } = await this.spawn(args, options).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Processes that name this sandbox's home; only where /proc tells. */
  async processes(): Promise<string[]> {
    if (Deno.build.os !== "linux") return [];
    const found: string[] = [];
    for await (const entry of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(entry.name)) continue;
      try {
        const line = (await Deno.readTextFile(`/proc/${entry.name}/cmdline`)).replaceAll("\0", " ");
        const env = await Deno.readTextFile(`/proc/${entry.name}/environ`);
        if (line.includes(this.home) || env.includes(this.home)) {
          found.push(`${entry.name} ${line.slice(0, 160)}`);
        }
      } catch { /* it has ended, or is not ours to look at */ }
    }
    return found;
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name);
    Deno.writeTextFileSync(path, text);
    return path;
  }
}
