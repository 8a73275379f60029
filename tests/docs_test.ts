/** What the documents say about settings is what the program has. */
import assert from "node:assert/strict";
import { CHECKS } from "@/dataset/checks/checks.ts";
import { ALERT_METRICS } from "@/monitoring/alert_rule.ts";
import { SETTINGS } from "@/shared/config.ts";
import { FAULTS_SCHEMA, RANDOM_FAULTS } from "./kaggle/emulator/faults.ts";
import { withTools } from "../tasks/docs.ts";

const read = (path: string) => Deno.readTextFileSync(new URL(`../${path}`, import.meta.url));

Deno.test("docs/configuration.md lists every setting with its variable, default and description", () => {
  const rows = read("docs/configuration.md").split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.replace(/ +/g, " "));
  const expected = Object.entries(SETTINGS).map(([key, setting]) => {
    const fallback = Array.isArray(setting.default)
      ? setting.default.map((value) => `\`${value}\``).join(", ")
      : setting.default === ""
      ? ""
      : `\`${setting.default}\``;
    return `| \`${key}\` | \`${setting.env}\` | ${fallback || "empty"} | ${setting.description} |`;
  });
  assert.deepEqual(rows, expected);
});

Deno.test("docs/checks.md lists every check as its table says", () => {
  const rows = read("docs/checks.md").split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.replace(/ +/g, " "));
  const expected = CHECKS.map(({ name, title, severity, remedy }) =>
    `| \`${name}\` | ${title} | ${severity} | ${remedy} |`
  );
  assert.deepEqual(rows, expected);
});

Deno.test("docs/monitoring.md lists every metric of alerts", () => {
  const rows = read("docs/monitoring.md").replace(/ +/g, " ");
  for (const [name, what] of Object.entries(ALERT_METRICS)) {
    assert.ok(rows.includes(`| \`${name}\` | ${what} |`), name);
  }
});

Deno.test("links in the documents lead to files that exist", () => {
  const broken: string[] = [];
  for (
    const path of [
      "README.md",
      "docs/architecture.md",
      "docs/decisions.md",
      "docs/checks.md",
      "docs/export.md",
      "docs/configuration.md",
      "docs/CONTRIBUTING.md",
      "docs/kaggle-emulator.md",
      "docs/monitoring.md",
    ]
  ) {
    for (const [, target] of read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)) {
      try {
        Deno.statSync(new URL(target, new URL(`../${path}`, import.meta.url)));
      } catch {
        broken.push(`${path}: ${target}`);
      }
    }
  }
  assert.deepEqual(broken, []);
});

Deno.test("the README's table of tools is the servers' tables (deno task docs writes it)", () => {
  const tight = (text: string) => text.replace(/ +/g, " ").replace(/-{3,}/g, "---").replace(/ ?\| ?/g, "|");
  assert.equal(tight(read("README.md")), tight(withTools(read("README.md"))));
});

Deno.test("docs/kaggle-emulator.md names every fault", () => {
  const text = read("docs/kaggle-emulator.md");
  for (const name of [...Object.keys(FAULTS_SCHEMA.shape), ...RANDOM_FAULTS]) {
    assert.ok(text.includes(`\`${name}\``), `${name} is missing`);
  }
});
