/** 5,000 rows of 20 numbers and two classes, as a CSV that ours and the peers train on. */
import { Random } from "@/shared/random.ts";

const ROWS = 5000;
const COLUMNS = 20;

export async function makeTable(
  folder: string,
): Promise<{ path: string; body: string; example: Record<string, number> }> {
  const random = new Random(0);
  const names = Array.from({ length: COLUMNS }, (_, j) => `x${j}`);
  const lines = [[...names, "y"].join(",")];
  let example: Record<string, number> = {};
  for (let i = 0; i < ROWS; i++) {
    const row = names.map(() => Math.round(random.normal() * 1e4) / 1e4);
    const score = row[0] + row[1] * row[2] + Math.sin(3 * row[3]) + 0.5 * random.normal();
    lines.push([...row, score > 0 ? "yes" : "no"].join(","));
    if (i === 0) example = Object.fromEntries(names.map((name, j) => [name, row[j]]));
  }
  const path = `${folder}/table.csv`;
  await Deno.writeTextFile(path, lines.join("\n") + "\n");
  return { path, body: JSON.stringify({ rows: [example] }), example };
}
