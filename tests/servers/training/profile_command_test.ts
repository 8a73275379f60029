/** `mlmcp profile` as a person runs it, narrowed to its rights. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { RIGHTS } from "@/shared/confine.ts";
import { loadConfig } from "@/shared/config.ts";
import { homeAt } from "@/shared/home.ts";
import { ROOT, SOURCE } from "../../e2e/program.ts";

async function inFolder(
  work: (
    run: (...args: string[]) => Promise<{ code: number; out: string; err: string }>,
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "mlmcp_profile_" }));
  try {
    await work(async (...args) => {
      const { code, stdout, stderr } = await new Deno.Command(SOURCE.command, {
        args: [...SOURCE.args, "profile", ...args, "--home", join(folder, "home")],
        cwd: folder,
        stdin: "null",
        env: { NO_COLOR: "1" },
      }).output();
      return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
    }, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("mlmcp profile FILE shows a table as text, and writes the page beside it", () =>
  inFolder(async (run, folder) => {
    await Deno.copyFile(join(ROOT, "src/dataset/samples/penguins.csv"), join(folder, "penguins.csv"));
    const { code, out, err } = await run("penguins.csv", "--target", "species", "--html", "penguins.html");
    assert.deepEqual([code, err], [0, "Wrote penguins.html.\n"]);
    assert.match(
      out,
      /^344 rows, 8 columns\n\ncolumn .*\n(.*\n)*bill_length_mm +number +2 \(<1 %\) +164 +[▁▂▃▅▇]+/,
    );
    assert.match(out, /target species: classification\nclasses: Adelie 152, Gentoo 124, Chinstrap 68/);
    assert.match(await Deno.readTextFile(join(folder, "penguins.html")), /<h1>.*penguins\.csv<\/h1>/);
    // Looking leaves nothing behind.
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "penguins.csv",
      "penguins.html",
    ]);
  }));

Deno.test("mlmcp profile --json prints the tool's answer, and only what was asked for", () =>
  inFolder(async (run) => {
    const { code, out } = await run("sample/titanic", "--columns", "age,fare", "--json");
    const profile = JSON.parse(out);
    assert.deepEqual([code, profile.rows, profile.columns_left_out], [0, 1309, 9]);
    assert.deepEqual(profile.column_profiles.map((column: { name: string }) => column.name), ["age", "fare"]);
  }));

Deno.test("mlmcp profile says what is wrong, with exit code 2 for wrong usage and 1 for what fails", () =>
  inFolder(async (run) => {
    const cases: [string[], number, RegExp][] = [
      [[], 2, /Cannot profile 0 tables/],
      [["sample/iris", "--limit", "none"], 2, /--limit none/],
      [["sample/iris", "--html", "iris.txt"], 2, /must end as a page/],
      [["sample/iris", "--target", "nope"], 1, /Cannot find column "nope"/],
      [["absent.csv"], 1, /no such file/],
    ];
    const ended = await Promise.all(cases.map(([args]) => run(...args)));
    cases.forEach(([args, code, said], i) => {
      assert.deepEqual([ended[i].code, ended[i].out], [code, ""], args.join(" "));
      assert.match(ended[i].err, said);
    });
  }));

Deno.test("mlmcp profile may itself neither write nor reach a network, nor read the sealed rows", () => {
  const { config } = loadConfig({ home: "/somewhere" }, {}, null);
  const rights = RIGHTS.profile({ home: "/somewhere", config, args: [] });
  assert.deepEqual([rights.write, rights.net, rights.run], [[], [], []]);
  const { path, holdouts } = homeAt("/somewhere");
  assert.ok(!rights.read.includes(holdouts) && !rights.read.includes(path));
});
