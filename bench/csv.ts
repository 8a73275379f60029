/**
 * Reading CSV beside pandas and polars: the same files, types inferred, each reader in processes of its own, in turns.
 * What has one thread is held to one core (taskset). Files of about 200 MB, one of numbers and one mostly of text; they are made once a run and removed.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "@/shared/random.ts";

const SIZE_BYTES = 216e6;
const TURNS = 3;
/** Reads in one process: the first is cold, the best is what is compared. */
const READS = 3;

interface Reader {
  name: string;
  threads: number;
  command: string[];
  env?: Record<string, string>;
}

interface Measure {
  seconds: number[];
  peak_bytes: number;
  columns_bytes: number | null;
  rows: number;
}

/** @param python an interpreter with bench/peers/requirements.txt */
export async function benchCsv(python: string): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "bench-csv-" });
  try {
    const lines: string[] = [];
    for (const [name, write] of [["numeric", writeNumeric], ["text-heavy", writeTextual]] as const) {
      const path = join(folder, `${name}.csv`);
      await write(path);
      lines.push(...await table(name, path, readersWith(python)));
    }
    return lines;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function readersWith(python: string): Reader[] {
  const ours = (threads: number): Reader => ({
    name: "mlmcp",
    threads,
    command: [
      Deno.execPath(),
      "run",
      "--quiet",
      "--allow-all",
      "--config",
      here("../deno.json"),
      here("csv_once.ts"),
      String(threads),
    ],
  });
  const peer = (name: string, threads: number): Reader => ({
    name,
    threads,
    command: [python, here("peers/read_csv.py"), name, String(threads)],
    env: { POLARS_MAX_THREADS: String(threads) },
  });
  return [
    ours(1),
    ours(2),
    peer("pandas_c", 1),
    peer("pandas_pyarrow", 2),
    peer("polars", 1),
    peer("polars", 2),
  ];
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

async function table(name: string, path: string, readers: Reader[]): Promise<string[]> {
  const { size } = await Deno.stat(path);
  const measured: Measure[][] = readers.map(() => []);
  const missing = new Set<number>();
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, reader] of readers.entries()) {
      if (missing.has(i)) continue;
      const measure = await run(reader, path, READS);
      if (measure) measured[i].push(measure);
      else missing.add(i);
    }
  }
  // Memory of one read in a fresh process.
  const single: (Measure | null)[] = [];
  for (const [i, reader] of readers.entries()) {
    single.push(missing.has(i) ? null : await run(reader, path, 1));
  }
  const best = measured.map((all) => Math.min(...all.flatMap(({ seconds }) => seconds)));
  const cold = measured.map((all) => Math.min(...all.map(({ seconds }) => seconds[0])));
  const polars = (threads: number) =>
    best[readers.findIndex((r) => r.name === "polars" && r.threads === threads)];
  const pandas = best[readers.findIndex((r) => r.name === "pandas_c")];
  const rows = readers.map((reader, i) => {
    const memory = single[i];
    return [
      reader.name,
      reader.threads,
      ...missing.has(i) ? ["not installed", "", "", "", "", "", ""] : [
        best[i].toFixed(3),
        cold[i].toFixed(3),
        Math.round(size / 1e6 / best[i]),
        (best[i] / pandas).toFixed(2),
        (best[i] / polars(reader.threads)).toFixed(2),
        Math.round(memory!.peak_bytes / 1e6),
        memory!.columns_bytes === null
          ? ""
          : (memory!.peak_bytes / (memory!.columns_bytes + size)).toFixed(2),
      ],
    ];
  });
  const head = [
    `${name}, ${Math.round(size / 1e6)} MB`,
    "threads",
    "best s",
    "cold s",
    "MB/s",
    "/ pandas C",
    "/ polars",
    "peak MB",
    "/ (columns + file)",
  ];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).concat("");
}

async function run({ command, env, threads }: Reader, path: string, reads: number): Promise<Measure | null> {
  // Some peers use every core whatever they are told.
  const [program, ...args] = threads === 1 ? ["taskset", "-c", "0", ...command] : command;
  const { success, stdout } = await new Deno.Command(program, {
    args: [...args, path, String(reads)],
    env,
    stdout: "piped",
    stderr: "null",
  }).output().catch(() => ({ success: false, stdout: new Uint8Array() }));
  return success ? JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").pop()!) : null;
}

/** 29 columns as measurements have them: integers, few and many decimals, exponents, some missing. */
async function writeNumeric(path: string): Promise<void> {
  const random = new Random(1);
  const cell = (k: number) => {
    switch (k % 6) {
      case 0:
        return String(random.below(100_000));
      case 1:
        return random.normal().toFixed(6);
      case 2:
        return (random.float() * 1000).toFixed(3);
      case 3:
        return random.below(50) === 0 ? "" : (random.normal() * 100).toFixed(4);
      case 4:
        return String(random.float());
      default:
        return k === 5 ? (random.normal() * 1e-5).toExponential(6) : random.normal().toFixed(5);
    }
  };
  const names = Array.from({ length: 29 }, (_, k) => `x${k}`);
  await writeRows(path, names, () => names.map((_, k) => cell(k)).join(","));
}

const WORDS =
  ("the quick brown fox jumps over a lazy dog while many customers ask when their order will arrive and " +
    "whether naïve façade déjà-vu prices include shipping").split(" ");
const CITIES = Array.from({ length: 800 }, (_, i) => `City ${i.toString(36).toUpperCase()}`);

/** Names, categories, dates, quoted sentences with commas and quotes, ids; three numbers. */
async function writeTextual(path: string): Promise<void> {
  const random = new Random(2);
  const pick = (list: readonly string[]) => list[random.below(list.length)];
  const names = [
    "id",
    "name",
    "city",
    "status",
    "signed_up",
    "email",
    "amount",
    "note",
    "visits",
    "ref",
    "score",
  ];
  let row = 0;
  await writeRows(path, names, () => {
    const who = `${pick(WORDS)}${random.below(200_000)}`;
    const note = Array.from({ length: 4 + random.below(14) }, () => pick(WORDS)).join(" ");
    const quoted = random.below(10) === 0 ? `"${note}, ""${pick(WORDS)}"""` : `"${note}, ${pick(WORDS)}"`;
    const day = new Date(Date.UTC(2020, 0, 1 + random.below(2000))).toISOString().slice(0, 10);
    return [
      `A${(row++).toString().padStart(8, "0")}`,
      who,
      pick(CITIES),
      pick(["active", "closed", "new", ""]),
      day,
      `${who}@example.com`,
      (random.float() * 500).toFixed(2),
      quoted,
      random.below(90),
      random.below(2 ** 31).toString(16),
      random.normal().toFixed(4),
    ].join(",");
  });
}

async function writeRows(path: string, names: string[], row: () => string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  let text = `${names.join(",")}\n`;
  for (let written = 0; written < SIZE_BYTES;) {
    while (text.length < 1 << 20) text += `${row()}\n`;
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    written += bytes.length;
    text = "";
  }
}
