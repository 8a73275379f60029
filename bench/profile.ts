/**
 * Profiling a table: in memory (seconds, and the most memory it takes beside the table), and beside pandas' describe
 * and ydata-profiling, which make a page of it, too. BENCH_PYTHON names a Python that has them.
 */
import { fileURLToPath } from "node:url";
import { profilePage } from "@/dataset/profile/page/profile_page.ts";
import { profileTable } from "@/dataset/profile/profile.ts";
import { cellOf, type Column, type Table } from "@/dataset/table.ts";
import { Random } from "@/shared/random.ts";

const COLUMNS = 28;
const PEER_ROWS = 100_000;

/** 24 columns of numbers (normal, whole, decimals; some with gaps) and 4 of 3 to 20,000 words. */
function synthetic(rows: number): Table {
  const columns = Array.from({ length: COLUMNS }, (_, c): Column => {
    const random = new Random(5, c);
    if (c % 7 === 6) {
      const size = [3, 50, 20_000, 2][(c - 6) / 7];
      const codes = new Int32Array(rows);
      for (let row = 0; row < rows; row++) codes[row] = row < size ? row : random.below(size);
      const categories = Array.from({ length: Math.min(rows, size) }, (_, i) => `value ${i}`);
      return { name: `c${c}`, storage: "coded", type: "category", codes, categories };
    }
    const values = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      values[row] = c % 5 === 0 && row % 10 === 0
        ? NaN
        : [random.normal(), random.below(1000), Math.round(random.float() * 1e6) / 100][c % 3];
    }
    return { name: `c${c}`, storage: "numeric", type: "number", values };
  });
  return { rows, columns };
}

/** Of this process, in MB: what it holds, and the most it has held since `forget`. */
function memory(): { now: number; most: number } {
  const text = Deno.readTextFileSync("/proc/self/status");
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)![1]) / 1024;
  return { now: of("VmRSS"), most: of("VmHWM") };
}

function inMemory(rows: number, target?: string): string {
  const table = synthetic(rows);
  Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  const before = memory().now;
  const started = performance.now();
  profileTable(table, { ...(target ? { target } : {}), by_class: target !== undefined });
  const seconds = (performance.now() - started) / 1000;
  return `| ${rows} x ${COLUMNS}${target ? ", with a target of 3 classes" : ""} | ${seconds.toFixed(2)} s | ${
    Math.round(memory().most - before)
  } MB |`;
}

async function besidePeers(python: string): Promise<string[]> {
  const table = synthetic(PEER_ROWS);
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    const lines = Array.from(
      { length: table.rows },
      (_, row) => table.columns.map((column) => cellOf(column, row) ?? "").join(","),
    );
    await Deno.writeTextFile(file, [table.columns.map(({ name }) => name).join(","), ...lines].join("\n"));
    const started = performance.now();
    const page = profilePage(profileTable(table, { target: "c6", by_class: true }), { title: "bench" });
    const ours = (performance.now() - started) / 1000;
    const script = fileURLToPath(new URL("peers/profile.py", import.meta.url));
    const { stdout } = await new Deno.Command(python, { args: [script, file], stderr: "null" }).output();
    const said = new TextDecoder().decode(stdout).trim().split("\n").at(-1) ?? "";
    const peers: Record<string, number | null> = said.startsWith("{") ? JSON.parse(said) : {};
    return [
      `| ${PEER_ROWS} x ${COLUMNS} | seconds |`,
      "|---|---|",
      `| mlmcp, with a target, page of ${Math.round(page.length / 1000)} KB | ${ours.toFixed(2)} |`,
      ...Object.entries(peers).map(([name, s]) =>
        `| ${name} | ${s === null ? "not installed" : s.toFixed(2)} |`
      ),
    ];
  } finally {
    await Deno.remove(file);
  }
}

export async function benchProfile(python: string): Promise<string[]> {
  const peers = await besidePeers(python);
  return [
    ...peers,
    "",
    "| in memory | time | memory beside the table, at most |",
    "|---|---|---|",
    inMemory(300_000),
    inMemory(3_000_000),
    inMemory(3_000_000, "c6"),
  ];
}
