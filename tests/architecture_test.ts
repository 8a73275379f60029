/** The borders between the rooms, and the completeness of the tables, checked by a program. */
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What each room may import, by the first words of a path from the root. A room may always import itself. */
const BORDERS: Record<string, readonly string[]> = {
  "src/shared": [],
  "src/kernels": [],
  "src/dataset": ["src/shared", "src/kernels"],
  "src/kaggle": ["src/shared", "src/dataset"],
  "src/sources": ["src/shared", "src/dataset", "src/kaggle"],
  "src/ml": ["src/shared", "src/kernels", "src/dataset/table.ts", "src/dataset/split.ts"],
  "src/monitoring": ["src/shared", "src/dataset/table.ts"],
  "src/artifact": [
    "src/shared",
    "src/ml",
    "src/monitoring",
    "src/dataset/table.ts",
    "src/dataset/dates.ts",
    "src/dataset/missing_values.ts",
    "src/dataset/checks/finding.ts",
  ],
  "src/registry": ["src/shared", "src/artifact"],
  "src/jobs": [
    "src/shared",
    "src/kernels/stop.ts",
    "src/dataset",
    "src/ml",
    "src/monitoring",
    "src/artifact",
    "src/registry",
  ],
  "src/serving": ["src/shared", "src/ml", "src/monitoring", "src/artifact"],
  "src/deployment": ["src/shared", "src/monitoring", "src/registry", "src/artifact"],
  "src/admin": ["src/shared"],
  "servers/kaggle": ["servers", "src/shared", "src/kaggle", "src/dataset", "src/sources"],
  "servers/training": [
    "servers",
    "src/shared",
    "src/dataset",
    "src/ml",
    "src/artifact",
    "src/registry",
    "src/jobs",
  ],
  "servers/deploy": [
    "servers",
    "src/shared",
    "src/monitoring",
    "src/registry",
    "src/artifact",
    "src/deployment",
  ],
  "servers": ["src/shared"],
  "agent": ["src/shared"],
};

/** Between servers only these files of servers/ itself are shared. */
const SHARED_BY_SERVERS = /^servers\/[^/]+\.ts$/;

/** Files of src/ml that may look at a Table: those that turn it into a matrix, and the folds. */
const SEES_TABLES = /^src\/ml\/(pipeline\.ts|transformer\.ts|preprocessing\/|model_selection\/|inspection\/)/;

/** Files that try forbidden things on purpose, to prove that they are denied. */
const PROBES = ["src/serving/rights_probe.ts", "src/admin/checks.ts"];

function roomOf(path: string): string | null {
  const rooms = Object.keys(BORDERS).filter((room) => path.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? null;
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (path.endsWith(".ts")) yield path;
  }
}

/** The files of ours that a file imports, as paths from the root, with the text of the import. */
function importsOf(path: string, text: string): { target: string; written: string }[] {
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|\bimport\("([^"]+)"\)|^import\s+"([^"]+)"/gm,
  );
  return [...found].flatMap((match) => {
    const written = match[1] ?? match[2] ?? match[3];
    if (written.startsWith("@/")) return [{ target: `src/${written.slice(2)}`, written }];
    if (!written.startsWith(".")) return [];
    return [{ target: relative(ROOT, join(ROOT, path, "..", written)), written }];
  });
}

async function everyImport(): Promise<{ from: string; target: string; written: string }[]> {
  const all: { from: string; target: string; written: string }[] = [];
  for (const folder of ["src", "servers", "agent"]) {
    for await (const path of sources(folder)) {
      const text = await Deno.readTextFile(join(ROOT, path));
      all.push(...importsOf(path, text).map((found) => ({ from: path, ...found })));
    }
  }
  return all;
}

Deno.test("rooms import only what their border allows", async () => {
  const wrong = (await everyImport()).filter(({ from, target }) => {
    const room = roomOf(from);
    assert.ok(room, `${from} lies in no room of the table`);
    if (target === "deno.json" || target.startsWith(`${room}/`) && room !== "servers") return false;
    if (room === "servers") return !SHARED_BY_SERVERS.test(target) && !target.startsWith("src/shared/");
    return !BORDERS[room].some((allowed) =>
      allowed === "servers"
        ? SHARED_BY_SERVERS.test(target)
        : target === allowed || target.startsWith(`${allowed}/`)
    );
  });
  assert.deepEqual(wrong.map(({ from, target }) => `${from} imports ${target}`), []);
});

Deno.test("learning sees tables only where they become matrices", async () => {
  const wrong = (await everyImport()).filter(({ from, target }) =>
    from.startsWith("src/ml/") && target.startsWith("src/dataset/") && !SEES_TABLES.test(from)
  );
  assert.deepEqual(wrong.map(({ from, target }) => `${from} imports ${target}`), []);
});

Deno.test("imports across a border of src start with @/, imports inside a room are relative", async () => {
  const wrong = (await everyImport()).filter(({ from, target, written }) => {
    if (!from.startsWith("src/") || target === "deno.json") return false;
    return (roomOf(from) === roomOf(target)) === written.startsWith("@/");
  });
  assert.deepEqual(wrong.map(({ from, written }) => `${from} imports ${written}`), []);
});

Deno.test("only self_command.ts starts processes, and no file uses node:child_process", async () => {
  const wrong: string[] = [];
  for (const folder of ["src", "servers", "agent"]) {
    for await (const path of sources(folder)) {
      const text = await Deno.readTextFile(join(ROOT, path));
      if (/child_process/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""))) {
        wrong.push(`${path} uses node:child_process`);
      }
      if (/new Deno\.Command/.test(text) && ![...PROBES, "src/shared/self_command.ts"].includes(path)) {
        wrong.push(`${path} starts a process`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("rooms read no environment: what they may know comes in the command's context", async () => {
  const wrong: string[] = [];
  for (const folder of ["src", "servers", "agent"]) {
    for await (const path of sources(folder)) {
      const text = await Deno.readTextFile(join(ROOT, path));
      if (
        /Deno\.env\b|process\.env\b/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")) &&
        !PROBES.includes(path)
      ) {
        wrong.push(path);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("every algorithm, metric, preprocessing step, check and tool stands in its table", async () => {
  const missing: string[] = [];
  const tables: [string, RegExp, string[]][] = [
    ["src/ml/estimators.ts", /\bdefineEstimator[<(]/, ["src/ml"]],
    ["src/ml/metrics.ts", /\bdefineMetric\(/, ["src/ml/metrics"]],
    ["src/ml/transformers.ts", /\bdefineTransformer[<(]/, ["src/ml/preprocessing"]],
    ["src/dataset/checks/checks.ts", /: Check = /, ["src/dataset/checks"]],
    ["servers/kaggle/tools.ts", /\bdefineTool[<(]/, ["servers/kaggle"]],
    ["servers/training/tools.ts", /\bdefineTool[<(]/, ["servers/training"]],
    ["servers/deploy/tools.ts", /\bdefineTool[<(]/, ["servers/deploy"]],
  ];
  for (const [table, definition, folders] of tables) {
    const listed = importsOf(table, await Deno.readTextFile(join(ROOT, table))).map(({ target }) => target);
    for (const folder of folders) {
      for await (const path of sources(folder)) {
        const text = await Deno.readTextFile(join(ROOT, path));
        const defines = text.split("\n").some((line) => /^export const/.test(line) && definition.test(line));
        if (defines && !listed.includes(path)) missing.push(`${path} is missing from ${table}`);
      }
    }
  }
  assert.deepEqual(missing, []);
});
