/** profile_dataset and save_profile, as a host calls them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type DoorRequest, type FileDoor, openDoor } from "@/shared/file_door.ts";
import { openLog } from "@/shared/log.ts";
import { Random } from "@/shared/random.ts";
import { openTrainingServices } from "../../../servers/training/services.ts";
import { TOOLS } from "../../../servers/training/tools.ts";
import { atDesk, commandIn, type Desk } from "../in_memory.ts";

/** The server with a file door into `folder`. */
async function withFiles(work: (desk: Desk, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "mlmcp_profile_" }));
  const home = join(folder, "home");
  const through = <T>(request: DoorRequest) =>
    openDoor(request, { cwd: folder, folders: [], home }) as Promise<T>;
  const door: FileDoor = {
    findTables: (path) => through({ op: "find_tables", path }),
    readTable: (path, range) => through({ op: "read_table", path, ...(range ? { range } : {}) }),
    readModel: (path) => through({ op: "read_model", path }),
    writeModel: (path, bytes) => through({ op: "write_model", path, bytes }),
    writePage: (path, bytes) => through({ op: "write_page", path, bytes }),
    writeFolder: (path, files, with_program) => through({ op: "write_folder", path, files, with_program }),
  };
  const command = { ...commandIn(home), door };
  const { services, close } = await openTrainingServices(command, openLog(null, "test", "error"));
  try {
    await atDesk({ era: "modern", tools: TOOLS, services, command }, (desk) => work(desk, folder));
  } finally {
    await close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** 10 columns each of: numbers, few words, long words, texts, and identifiers. */
function fiftyColumns(rows: number): string {
  const random = new Random(1);
  const word = (length: number) => Array.from({ length }, () => "abcdefghij"[random.below(10)]).join("");
  const long = Array.from({ length: 12 }, () => word(150));
  const cells = [
    () => String(random.normal() * 1234.5678901),
    () => "red green blue".split(" ")[random.below(3)],
    () => long[random.below(12)],
    () => [word(60), word(60), word(60)].join(" "),
    () => word(20),
  ];
  const head = Array.from({ length: 50 }, (_, c) => `column_with_a_name_${c}`).join(",");
  const lines = Array.from(
    { length: rows },
    () => Array.from({ length: 50 }, (_, c) => cells[c % 5]()).join(","),
  );
  return [head, ...lines].join("\n") + "\n";
}

interface Profiled {
  column_profiles: { name: string; histogram?: unknown; by_class?: unknown }[];
  columns_left_out?: number;
  relations: { features: { column: string; share: number }[]; pairs: unknown[]; numbers?: unknown };
}

Deno.test("profile_dataset gives histograms and relations, and no more than a model can read", () =>
  withFiles(async (desk, folder) => {
    await Deno.writeTextFile(join(folder, "fifty.csv"), fiftyColumns(400));
    const target = "column_with_a_name_1";
    const answer = await desk.call("profile_dataset", { dataset: "fifty.csv", target });
    assert.equal(answer.isError, false, answer.text);
    const profile = answer.structured as unknown as Profiled;
    const size = JSON.stringify(profile).length;
    assert.ok(size < 60_000, `${size} characters`);
    assert.equal(profile.column_profiles.length, 50);
    assert.ok(profile.column_profiles[0].histogram && !("by_class" in profile.column_profiles[0]));
    assert.equal(profile.relations.features.length, 49);
    assert.ok(profile.relations.pairs.length <= 20 && !("numbers" in profile.relations));
    assert.ok(answer.text.split("\n").slice(2, 53).every((line) => line.length < 220), answer.text);
  }));

Deno.test("profile_dataset takes the columns to look at, and says how to get the rest", () =>
  withFiles(async (desk) => {
    const call = async (input: Record<string, unknown>) => {
      const answer = await desk.call("profile_dataset", {
        dataset: "sample/titanic",
        target: "survived",
        ...input,
      });
      return { ...answer, profile: answer.structured as unknown as Profiled };
    };
    const some = await call({ columns: ["sex", "age"] });
    assert.deepEqual(some.profile.column_profiles.map(({ name }) => name), ["survived", "sex", "age"]);
    const few = await call({ limit: 3 });
    assert.deepEqual([few.profile.column_profiles.length, few.profile.columns_left_out], [3, 8]);
    assert.equal(few.profile.relations.features.length, 3);
    assert.equal(few.profile.relations.features[0].column, "sex");
    assert.match(few.text, /8 of 11 columns are not shown: name them in columns, or raise limit/);
    const wrong = await call({ columns: ["sex", "nope"] });
    assert.deepEqual([wrong.isError, wrong.structured.code], [true, "not_found"]);
  }));

Deno.test("save_profile writes the page where it is told to, and says so", () =>
  withFiles(async (desk, folder) => {
    const input = { dataset: "sample/penguins", target: "species" };
    const saved = await desk.call("save_profile", { ...input, path: "out/penguins.html" });
    assert.equal(saved.isError, false, saved.text);
    const page = await Deno.readTextFile(join(folder, "out", "penguins.html"));
    assert.match(
      page,
      /^<!doctype html>[\s\S]*<h1>sample\/penguins<\/h1>[\s\S]*class="legend"[\s\S]*<\/html>\n$/,
    );
    assert.equal(saved.structured.size_bytes, new TextEncoder().encode(page).length);
    const refused = await desk.call("save_profile", { ...input, path: "penguins.txt" });
    assert.deepEqual([refused.isError, refused.structured.code], [true, "invalid_argument"]);
  }));
