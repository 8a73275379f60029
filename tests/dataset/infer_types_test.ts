import assert from "node:assert/strict";
import { parseDates } from "@/dataset/dates.ts";
import { inferTypes } from "@/dataset/infer_types.ts";
import { readCsv } from "@/dataset/read_csv.ts";
import { cellOf, columnOf } from "@/dataset/table.ts";

/** The type of column "c" (or `name`) with these values, in a table with two other columns. */
function typeOf(values: (string | number)[], name = "c"): string {
  const rows = values.map((value, i) =>
    `"${String(value).replaceAll('"', '""')}",${i * 1.5},${i % 2 ? "u" : "v"}`
  );
  const table = inferTypes(readCsv(new TextEncoder().encode(`${name},m,k\n${rows.join("\n")}\n`)));
  return `${columnOf(table, name).type}`;
}

const repeat = <T>(n: number, value: (i: number) => T) => Array.from({ length: n }, (_, i) => value(i));

Deno.test("inferTypes keeps measurements numbers, however unique", () => {
  assert.equal(typeOf(repeat(200, (i) => Math.sin(i))), "number");
  assert.equal(typeOf(repeat(200, (i) => Math.round(Math.sin(i) * 1e6))), "number");
  assert.equal(typeOf(repeat(200, (i) => 1000 + i * 3)), "number");
  assert.equal(typeOf(repeat(50, (i) => i % 2)), "number");
  assert.equal(typeOf(repeat(50, (i) => i + 0.5), "measure_id"), "number");
  assert.equal(typeOf(repeat(50, () => "")), "number");
});

Deno.test("inferTypes calls whole numbers that count the rows an identifier", () => {
  assert.equal(typeOf(repeat(50, (i) => i)), "identifier");
  assert.equal(typeOf(repeat(50, (i) => i + 1)), "identifier");
  assert.equal(typeOf(repeat(50, (i) => (i * 7) % 50)), "identifier");
  assert.equal(typeOf(repeat(50, (i) => i + 2)), "number");
  assert.equal(typeOf(repeat(10, (i) => i)), "number");
  for (const name of ["x", "day", "Year", "time_step", "price"]) {
    assert.equal(typeOf(repeat(50, (i) => i), name), "number", name);
  }
});

Deno.test("inferTypes keeps a counting column a number in a table of two columns", () => {
  const text = `c,y\n${repeat(50, (i) => `${i},${i * 2.5}`).join("\n")}\n`;
  assert.equal(inferTypes(readCsv(new TextEncoder().encode(text))).columns[0].type, "number");
});

Deno.test("inferTypes knows identifiers by name where nearly all values differ", () => {
  for (
    const name of [
      "id",
      "ID",
      "user_id",
      "PassengerId",
      "customerID",
      "order-id",
      "uuid",
      "Unnamed: 0",
      "index",
    ]
  ) {
    assert.equal(typeOf(repeat(60, (i) => i * 13 + 5), name), "identifier", name);
    assert.equal(typeOf(repeat(60, (i) => i % 5), name), "number", name);
  }
  for (const name of ["paid", "humid", "bid", "grid", "idea", "price index"]) {
    assert.equal(typeOf(repeat(60, (i) => i * 13 + 5), name), "number", name);
  }
  assert.equal(typeOf(repeat(10, (i) => `C-${i}`), "customer_id"), "identifier");
  assert.equal(typeOf(repeat(60, (i) => `C-${i % 6}`), "customer_id"), "category");
});

Deno.test("inferTypes knows identifiers by their values", () => {
  assert.equal(typeOf(repeat(30, (i) => `A${i}`)), "identifier");
  assert.equal(typeOf(repeat(12, (i) => `A${i}`)), "category");
  assert.equal(typeOf(repeat(30, (i) => `A${i % 29}`)), "category");
  assert.equal(typeOf(repeat(12, (i) => `123e4567-e89b-12d3-a456-4266141740${10 + i}`)), "identifier");
});

Deno.test("inferTypes tells text from categories", () => {
  assert.equal(typeOf(repeat(60, (i) => `the ${i} quick brown foxes`)), "text");
  assert.equal(typeOf(repeat(60, (i) => `the ${i % 15} quick brown foxes`)), "category");
  assert.equal(typeOf(repeat(60, (i) => ["red", "green", "blue"][i % 3])), "category");
});

Deno.test("inferTypes knows the four pairs of booleans in any case, and keeps their words", () => {
  for (const [no, yes] of [["False", "True"], ["NO", "yes"], ["f", "T"], ["N", "Y"]]) {
    assert.equal(typeOf([no, yes, yes, ""]), "boolean");
  }
  assert.equal(typeOf(["yes", "yes"]), "boolean");
  assert.equal(typeOf(["y", "y"]), "category");
  assert.equal(typeOf(["yes", "false"]), "category");
  assert.equal(typeOf(["yes", "no", "maybe"]), "category");
  assert.equal(typeOf(["male", "female"]), "category");
  const table = inferTypes(readCsv(new TextEncoder().encode("a,b\nYes,1\nno,2\n")));
  assert.equal(cellOf(table.columns[0], 0), "Yes");
});

Deno.test("inferTypes turns dates to milliseconds and keeps the gaps", () => {
  const table = inferTypes(readCsv(new TextEncoder().encode("d,v\n2020-02-29,1\n,2\n1969-12-31,3\n")));
  assert.deepEqual(table.columns[0], {
    name: "d",
    storage: "numeric",
    type: "date",
    values: Float64Array.of(Date.UTC(2020, 1, 29), NaN, -86_400_000),
    date_order: "ymd",
  });
  assert.deepEqual([0, 1].map((row) => cellOf(table.columns[0], row)), ["2020-02-29", null]);
});

Deno.test("inferTypes is stable: a second time changes nothing", () => {
  const text = "d,b,c,n\n2020-01-01,yes,red,1.5\n2020-01-02,no,blue,2\n";
  const once = inferTypes(readCsv(new TextEncoder().encode(text)));
  assert.deepEqual(inferTypes(once), once);
});

const utc = (...parts: [number, number, number, number?, number?, number?, number?]) =>
  Date.UTC(parts[0], parts[1] - 1, ...parts.slice(2) as [number]);

const DATES: [string[], number[]][] = [
  [["2020-01-31", "2020-1-2"], [utc(2020, 1, 31), utc(2020, 1, 2)]],
  [["2020-01", "2019-12"], [utc(2020, 1, 1), utc(2019, 12, 1)]],
  [["2020/01/31"], [utc(2020, 1, 31)]],
  [["2020-01-31 13:05:09", "2020-01-31T00:00"], [utc(2020, 1, 31, 13, 5, 9), utc(2020, 1, 31)]],
  [["2020-01-31T13:05:09.123456Z"], [utc(2020, 1, 31, 13, 5, 9, 123)]],
  [["2020-01-31T13:05:09+02:00", "2020-01-31T13:05:09-0130"], [
    utc(2020, 1, 31, 11, 5, 9),
    utc(2020, 1, 31, 14, 35, 9),
  ]],
  [["31/01/2020", "01/02/2020"], [utc(2020, 1, 31), utc(2020, 2, 1)]],
  [["01/31/2020", "01/02/2020"], [utc(2020, 1, 31), utc(2020, 1, 2)]],
  [["01/02/2020", "03/04/2020"], [utc(2020, 1, 2), utc(2020, 3, 4)]],
  [["1.2.2020", "31.12.1999 23:59"], [utc(2020, 2, 1), utc(1999, 12, 31, 23, 59)]],
  [["6/30/2016 1:30 PM", "6/30/2016 12:05 am"], [utc(2016, 6, 30, 13, 30), utc(2016, 6, 30, 0, 5)]],
  [["1/31/85", "2/1/04"], [utc(1985, 1, 31), utc(2004, 2, 1)]],
  [["0099-01-01"], [new Date("0099-01-01").getTime()]],
];

for (const [texts, expected] of DATES) {
  Deno.test(`parseDates reads ${texts.join(" and ")}`, () => {
    assert.deepEqual(parseDates(texts)?.values, Float64Array.from(expected));
  });
}

Deno.test("parseDates refuses what is not a date throughout", () => {
  const refused = [
    ["2020-02-30"],
    ["2020-13-01"],
    ["2020-01-01", "yesterday"],
    ["2020-01-01", "01/01/2020"],
    ["13/13/2020"],
    ["13/01/2020", "01/13/2020"],
    ["31.04.2020"],
    ["2020-01-01 25:00"],
    ["2020-01-01 10:60"],
    ["2020-01-01 13:00 pm"],
    ["1.2.3"],
    ["1-2-03"],
    ["12:30"],
    ["2020"],
    ["555-1234"],
    [],
  ];
  for (const texts of refused) assert.equal(parseDates(texts), undefined, texts.join(" "));
});
