import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { profilePage } from "@/dataset/profile/page/profile_page.ts";
import { profileTable } from "@/dataset/profile/profile.ts";
import { readTable } from "@/dataset/readers.ts";
import { findSample } from "@/dataset/samples.ts";

const read = (text: string) => readTable(new TextEncoder().encode(text), "t.csv");
const pageOf = async (text: string, target?: string, more = {}) =>
  profilePage(profileTable(await read(text), { ...(target ? { target } : {}), by_class: true }), {
    title: "a table",
    ...more,
  });

const EVIL = [
  `<script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `' onmouseover='alert(1)`,
  "</style>",
];

Deno.test("names, values, classes, notes and findings with markup are shown and do nothing", async () => {
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const rows = Array.from({ length: 40 }, (_, i) => `${cell(EVIL[i % 4])},${cell(EVIL[i % 3])},${i % 7}`);
  const csv = `${cell(EVIL[0])},${cell(EVIL[1])},${cell(EVIL[2])}\n${rows.join("\n")}\n`;
  const page = await pageOf(csv, EVIL[0], {
    title: EVIL[0],
    notes: [EVIL[1]],
    findings: EVIL.map((text) => ({
      check: text,
      severity: "error",
      columns: [text],
      message: text,
      hint: text,
    })),
  });
  const body = page.slice(page.indexOf("<body>"), page.lastIndexOf("<script>"));
  assert.doesNotMatch(body, /<(script|img|style|iframe|link)\b/i);
  // Inside tags only attributes that the page itself writes.
  const attributes = new Set(
    [...body.matchAll(/<[a-z][^>]*>/g)].flatMap(([tag]) =>
      [...tag.replaceAll(/="[^"]*"/g, "=").matchAll(/\s([a-z-]+)=/gi)].map(([, name]) => name)
    ),
  );
  assert.ok(attributes.has("class") && attributes.has("data-name"));
  for (const name of attributes) assert.doesNotMatch(name, /^on|^style$|^src$/i);
  assert.equal(body.match(/&#60;script&#62;alert\(1\)&#60;\/script&#62;/g)!.length > 5, true);
  assert.match(page, /<title>Profile of &#60;script/);
});

Deno.test("the page needs nothing from outside, and lets only its own style and script in", async () => {
  const page = await pageOf(findSample("titanic").text, "survived");
  assert.doesNotMatch(page, /https?:\/\/|url\(|@import|<link(?! rel="icon" href="data:,")/);
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)![1];
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  for (const tag of ["style", "script"]) {
    const text = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page)![1];
    const hash = createHash("sha256").update(text).digest("base64");
    assert.ok(policy.includes(`${tag}-src 'sha256-${hash}'`), tag);
  }
  assert.doesNotMatch(page, /\sstyle="/);
});

Deno.test("the page says first what the table is, then the target, what tells of it, the columns, the pairs", async () => {
  const page = await pageOf(findSample("titanic").text, "survived", {
    notes: ["One column was renamed."],
    findings: [{
      check: "identifier",
      severity: "warning",
      columns: ["name"],
      message: "All differ.",
      hint: "Drop.",
    }],
  });
  const order = [
    "<b>1,309</b>",
    'id="findings"',
    'id="target"',
    'id="features"',
    'id="columns"',
    'id="pairs"',
  ];
  const places = order.map((text) => page.indexOf(text));
  assert.ok(places.every((place, i) => place > (places[i - 1] ?? 0)), String(places));
  assert.match(page, /warning: identifier[\s\S]*All differ[\s\S]*Drop\.[\s\S]*One column was renamed/);
  assert.equal(page.match(/<article /g)!.length, 11);
  for (const [, id] of page.matchAll(/<a href="#([^"]+)"/g)) assert.ok(page.includes(`id="${id}"`), id);
});

Deno.test("every plot has a name and a table, and its bars add up to the rows of each class", async () => {
  const page = await pageOf(findSample("titanic").text, "survived");
  const cards = page.split("<article ").slice(1);
  const age = cards.find((card) => card.includes('data-name="age"'))!;
  assert.match(age, /<svg class="plot" role="img" aria-label="Histogram of age, 0.1667 to 80, \d+ bins"/);
  // The bars of the first bin: the lower class starts where the upper one ends.
  const [, lower, upper] = /<rect class="k0"[^>]*y="([\d.]+)"[^>]*\/><rect class="k1"[^>]*height="([\d.]+)"/
    .exec(age)!;
  assert.ok(Number(lower) < 100 && Number(upper) > 0);
  const table = /<table>([\s\S]*?)<\/table>/.exec(age)![1];
  const sums = [0, 0, 0];
  for (const [, cells] of table.matchAll(/<\/th>((?:<td>[\d,]+<\/td>)+)<\/tr>/g)) {
    [...cells.matchAll(/<td>([\d,]+)<\/td>/g)].forEach(([, count], k) =>
      sums[k] += Number(count.replace(",", ""))
    );
  }
  // pandas: titanic.dropna(subset="age").survived.value_counts()
  assert.deepEqual(sums, [1046, 619, 427]);
  for (const card of cards) assert.doesNotMatch(card, /<svg class="plot"(?! role="img" aria-label=)/);
});

Deno.test("tables without a target, and with a number as the target, have a page, too", async () => {
  const plain = await pageOf(findSample("auto_mpg").text);
  assert.doesNotMatch(plain, /id="target"|id="features"|class="legend"/);
  const mpg = await pageOf(findSample("auto_mpg").text, "mpg");
  assert.match(mpg, /id="features"[\s\S]*weight[\s\S]*ρ -0\.88/);
  assert.doesNotMatch(mpg, /class="legend"/);
});
