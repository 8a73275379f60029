import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { readCsv } from "@/dataset/read_csv.ts";
import { isTableFile, readTable } from "@/dataset/readers.ts";
import { cellOf, columnOf, type Table } from "@/dataset/table.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const read = (text: string, options = {}) => readCsv(bytesOf(text), options);

/** Rows of cells, for comparing. */
function rowsOf(table: Table): (string | number | null)[][] {
  return Array.from({ length: table.rows }, (_, row) => table.columns.map((column) => cellOf(column, row)));
}
const namesOf = (table: Table) => table.columns.map(({ name }) => name);

function refuses(run: () => unknown, message: RegExp, hint?: RegExp): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof AppError && error.code === "invalid_argument", String(error));
    assert.match(error.message, message);
    assert.notEqual(error.hint, "");
    if (hint) assert.match(error.hint, hint);
    return true;
  });
}

Deno.test("readCsv types columns and keeps missing values", () => {
  const table = read("a,b,c\n1,x,2.5\n,y,NA\n-3e2,?,1\n");
  assert.deepEqual(namesOf(table), ["a", "b", "c"]);
  assert.deepEqual(rowsOf(table), [[1, "x", 2.5], [null, "y", null], [-300, null, 1]]);
  assert.deepEqual(columnOf(table, "b"), {
    name: "b",
    storage: "coded",
    type: "category",
    codes: Int32Array.of(0, 1, -1),
    categories: ["x", "y"],
  });
});

Deno.test("readCsv reads the same rows whatever ends the lines", () => {
  const expected = [[1, "x"], [2, "y"]];
  for (const end of ["\n", "\r\n", "\r"]) {
    assert.deepEqual(rowsOf(read(["a,b", "1,x", "2,y"].join(end))), expected);
    assert.deepEqual(rowsOf(read(["a,b", "", "1,x", "  ", "2,y", "", ""].join(end))), expected);
  }
});

Deno.test("readCsv obeys quotes around separators, line ends and quotes", () => {
  const table = read('"a ""1""","b"\r\n"x, y","line one\r\nline two"\r\n"""",""\r\n');
  assert.deepEqual(namesOf(table), ['a "1"', "b"]);
  assert.deepEqual(rowsOf(table), [["x, y", "line one\r\nline two"], ['"', null]]);
});

Deno.test("readCsv drops a byte order mark and the blanks around names and unquoted values", () => {
  const table = read('\ufeffid , "name"\n 1 ,  Ann Lee \n2,\t"  Bo " \n');
  assert.deepEqual(namesOf(table), ["id", "name"]);
  assert.deepEqual(rowsOf(table), [[1, "Ann Lee"], [2, "  Bo "]]);
});

Deno.test("readCsv finds the separator by itself", () => {
  for (const separator of [",", ";", "\t", "|"]) {
    const text = `a${separator}b${separator}c\n1${separator}"x,;|\t"${separator}3\n`;
    assert.deepEqual(rowsOf(read(text)), [[1, "x,;|\t", 3]], JSON.stringify(separator));
  }
  assert.deepEqual(namesOf(read("name, first|age\nLee, Ann|3\nFox|4\n")), ["name, first", "age"]);
  assert.deepEqual(rowsOf(read("a:b\n1:2\n", { separator: ":" })), [[1, 2]]);
  assert.deepEqual(rowsOf(read("sep=;\r\na;b,c\r\n1;2\r\n")), [[1, 2]]);
  refuses(() => read("a\n1", { separator: "ab" }), /separator is "ab"/);
});

Deno.test("readCsv reads decimal commas where a whole column has them", () => {
  const table = read("a;b;c;d\n1,5;1.5;x,1;1,5\n-2;2;2;1.5\n");
  assert.deepEqual(rowsOf(table), [[1.5, 1.5, "x,1", "1,5"], [-2, 2, "2", "1.5"]]);
});

Deno.test("readCsv reads pandas' words for missing and no others", () => {
  const words = [
    "",
    "#N/A",
    "#NA",
    "-NaN",
    "-nan",
    "<NA>",
    "?",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
  ];
  const table = read(`a,b\n${words.map((word) => `${word},${word}`).join("\n")}\n-,na\n`);
  assert.deepEqual(rowsOf(table), [...words.map(() => [null, null]), ["-", "na"]]);
});

Deno.test("readCsv reads infinity as missing in a column of numbers", () => {
  assert.deepEqual(rowsOf(read("a,b\n1,1\ninf,2\n-Infinity,3\n1e999,4\n")), [[1, 1], [null, 2], [null, 3], [
    null,
    4,
  ]]);
});

Deno.test("readCsv keeps as text what is no decimal number", () => {
  for (
    const text of ["0x10", "1_000", "1.2.3", "1e", "--1", "1-2", ".", "e5", "1 2", "+", "12:30", "1,5", "∞"]
  ) {
    const table = read(`a;b;c\n"${text}.";"${text}";1\n0;0;2\n`.replace("1,5.", "x"));
    if (text !== "1,5") assert.equal(cellOf(table.columns[1], 0), text);
    assert.equal(table.columns[0].storage, "coded");
  }
  assert.deepEqual(rowsOf(read("a,b\n+1,.5\n5.,-.5e+1\n007,1E3\n")), [[1, 0.5], [5, -5], [7, 1000]]);
});

Deno.test("readCsv turns a column to text when a word comes late", () => {
  const rows = Array.from({ length: 3000 }, (_, i) => `${i},${i === 2500 ? "late" : `0${i}`},${i / 2}`);
  const table = read(`a,b,c\n${rows.join("\n")}\n`);
  assert.equal(table.rows, 3000);
  assert.equal(cellOf(table.columns[1], 7), "07");
  assert.equal(cellOf(table.columns[1], 2500), "late");
  assert.equal(cellOf(table.columns[2], 2999), 1499.5);
});

Deno.test("readCsv names nameless columns, and drops them when they are empty", () => {
  assert.deepEqual(namesOf(read(",a,\n0,5,\n1,6,\n")), ["column_1", "a"]);
  assert.deepEqual(rowsOf(read(",a,\n0,5,\n1,6,\n")), [[0, 5], [1, 6]]);
});

Deno.test("readCsv reads one column, and a last line without an end", () => {
  assert.deepEqual(rowsOf(read("a\n1\n2")), [[1], [2]]);
  assert.deepEqual(rowsOf(read("a,b\n1,")), [[1, null]]);
  assert.deepEqual(rowsOf(read('a,b\n1,"x"')), [[1, "x"]]);
});

Deno.test("readCsv reads no more than max_rows", () => {
  const text = `a\n${Array.from({ length: 2000 }, (_, i) => i).join("\n")}\n`;
  assert.equal(read(text, { max_rows: 3 }).rows, 3);
  assert.equal(read(text, { max_rows: 700 }).rows, 700);
  assert.equal(read(text, { max_rows: 5000 }).rows, 2000);
  refuses(() => read(text, { max_rows: 0 }), /max_rows is 0/);
});

Deno.test("readCsv forgives what headers of real files have, and says so", () => {
  const names = (text: string) => read(text).columns.map(({ name }) => name);
  assert.deepEqual(names("a,b,a\n1,2,3\n"), ["a", "b", "a.1"]);
  assert.match(read("a,b,a\n1,2,3\n").notes![0], /twice: column 3 is called "a\.1"/);
  assert.deepEqual(names("# made by R\n# 2024\na,b\n1,2\n"), ["a", "b"]);
  assert.match(read("# made by R\n# 2024\na,b\n1,2\n").notes![0], /2 comment lines/);
  assert.deepEqual(names("#id,b\n1,2\n"), ["#id", "b"]);
  assert.deepEqual(names('"a","b"\n"r1",1,2\n"r2",3,4\n'), ["column_1", "a", "b"]);
  assert.deepEqual(names("a,b\n1,2,\n3,4,\n".replace("a,b", "a,b,")), ["a", "b"]);
});

Deno.test("readCsv reads short rows and text behind quotes as pandas does, and says that rows are short", () => {
  const table = read("a,b,c\n1,x,2\n3\n4,y\n");
  assert.deepEqual(rowsOf(table), [[1, "x", 2], [3, null, null], [4, "y", null]]);
  assert.match(table.notes![0], /2 rows have fewer fields than the 3 names \(line 3 is the first\)/);
  assert.deepEqual(rowsOf(read('a,b\n1,"x ""1"" "y" \n')), [[1, 'x "1" y"']]);
  const long = read(`a,b\n${"1,x\n".repeat(200_000)}2\n`, { threads: 2 });
  assert.deepEqual([long.rows, long.notes?.length], [200_001, 1]);
});

Deno.test("readCsv names line and column of what is broken", () => {
  refuses(() => read(""), /empty/);
  refuses(() => read(" \n\r\n\t"), /empty/);
  refuses(() => read("a,b\n\n"), /no rows/);
  refuses(() => read('a,b\r\n1,"x\r\ny"\r\n1,2,3\r\n'), /line 4 has 3 fields, the header has 2: "1,2,3"/);
  refuses(() => read("a,b\n1,2\n1,2,\n"), /line 3 has 3 fields/, /comma/);
  refuses(
    () => read('a,b\n1,2\n3,"x\n4,5\n'),
    /line 3, column 2 \("b"\): the quote that opens here is never closed/,
  );
  refuses(() => read('a,"b\n1,2\n'), /line 1, column 1: the quote that opens here/);
});

Deno.test("readCsv names the byte that is not UTF-8", () => {
  const withByte = (text: string, byte: number) => bytesOf(text).map((c) => c === 35 ? byte : c);
  refuses(
    () => readCsv(withByte("a,b\nxé,1\ncaf#,2\n", 0xe9)),
    /line 3, column 1 \("a"\): byte 13 \(0xe9\)/,
    /Latin-1/,
  );
  refuses(() => readCsv(withByte("a,caf#\n1,2\n", 0xe9)), /line 1, column 1: byte 5 \(0xe9\)/);
  refuses(() => readCsv(withByte("a,b\n1,#", 0xc3)), /line 2, column 2 \("b"\): byte 6 \(0xc3\)/);
  const late = Array.from({ length: 900 }, (_, i) => `${i},1`).join("\n");
  refuses(() => readCsv(withByte(`a,b\n${late}\n9#,1\n`, 0xff)), /line 902, column 1 .*0xff/);
});

const REFUSED: [string, Uint8Array, RegExp][] = [
  ["an empty file", new Uint8Array(0), /Cannot read x.csv: the file is empty/],
  ["a zip archive", bytesOf("PK\x03\x04\x14\x00abc"), /damaged zip archive/],
  ["a PNG", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0), /PNG/],
  ["a Parquet file", bytesOf("PAR1\x15\x04\x15\x00"), /Parquet/],
  ["a PDF", bytesOf("%PDF-1.7\n1,2\n"), /PDF/],
  ["a file with NUL bytes", bytesOf("a,b\n1,\x002\n"), /binary \(a NUL byte at 6\)/],
  ["a web page", bytesOf("\n<!DOCTYPE html><html><body>Sign in, please</body>"), /web page/],
  ["JSON that is no table", bytesOf('[{"a": 1}, 2]'), /row 2 is a number/],
  ["damaged gzip", gzipSync("a,b\n1,2\n").subarray(0, 15), /gzip data is damaged/],
];

for (const [what, bytes, message] of REFUSED) {
  Deno.test(`readTable refuses ${what}`, async () => {
    await assert.rejects(readTable(bytes, "x.csv"), (error) => {
      assert.ok(error instanceof AppError && error.code === "invalid_argument", String(error));
      assert.match(error.message, message);
      assert.match(error.message, /^Cannot read x\.csv: /);
      assert.notEqual(error.hint, "");
      return true;
    });
  });
}

Deno.test("readTable unpacks gzip by its magic bytes, in several members too", async () => {
  const packed = new Uint8Array([...gzipSync("a,b\n1,x\n"), ...gzipSync("2,y\n")]);
  for (const name of ["t.csv.gz", "t.csv", "t"]) {
    assert.deepEqual(rowsOf(await readTable(packed, name)), [[1, "x"], [2, "y"]]);
  }
});

Deno.test("readTable reads a file whose text only begins like a binary format", async () => {
  assert.deepEqual(rowsOf(await readTable(bytesOf("ORC,elf\n1,2\n"), "t.csv")), [[1, 2]]);
});

Deno.test("isTableFile knows the extensions of the table of readers", () => {
  const names = ["a.CSV", "a.tsv.gz", "a.json", "a.csv.zip", "a.parquet", "LICENSE", "a.csv.md5"];
  assert.deepEqual(names.map(isTableFile), [true, true, true, true, true, false, false]);
});

Deno.test({
  name: "readTable works in a Worker without any rights",
  fn: async () => {
    const source = new URL("./read_in_worker.ts", import.meta.url);
    const worker = new Worker(source, { type: "module", deno: { permissions: { read: true } } });
    try {
      const answer = new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message));
      });
      worker.postMessage(new Uint8Array(gzipSync("a,b\n1,x\n2,y\n")));
      assert.deepEqual(await answer, { granted: [], rows: 2, names: ["a", "b"] });
    } finally {
      worker.terminate();
    }
  },
});

/** The referee: RFC 4180 character by character, as plain as can be. */
function plainCsv(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (isQuoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[i++];
      else isQuoted = false;
    } else if (c === '"') isQuoted = true;
    else if (c === separator || c === "\n") {
      row.push(field);
      field = "";
      if (c === "\n") {
        rows.push(row);
        row = [];
      }
    } else if (c !== "\r") field += c;
  }
  return rows;
}

const PIECES = [
  "a",
  "b c",
  '"',
  '""',
  ",",
  ";",
  "\n",
  "\r\n",
  "\t",
  "|",
  "é",
  "漢",
  "🎉",
  "1",
  "-2.5",
  "NA",
  " ",
  "x".repeat(30),
];
const WORDS_OF_NOTHING = ["", "NA"];

/** Random cells; a column is numbers, or text that no number and no missing word can be. */
function randomCells(random: Random, rows: number, columns: number): (string | number | null)[][] {
  const isText = Array.from({ length: columns }, () => random.below(2) === 1);
  return Array.from({ length: rows }, () =>
    isText.map((text) => {
      if (random.below(8) === 0) return null;
      if (!text) {
        return random.below(2) ? random.below(1000) : random.normal() * 10 ** (random.below(30) - 15);
      }
      return "t" + Array.from({ length: random.below(5) }, () =>
        PIECES[random.below(PIECES.length)]).join("") +
        "t";
    }));
}

function toCsv(cells: (string | number | null)[][], separator: string, end: string, random: Random): string {
  const field = (cell: string | number | null) => {
    const text = cell === null ? WORDS_OF_NOTHING[random.below(2)] : String(cell);
    const mustQuote = /["\r\n]/.test(text) || text.includes(separator);
    return mustQuote || random.below(4) === 0 ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return cells.map((row) => row.map(field).join(separator) + end).join("");
}

Deno.test("readCsv reads random tables back as they were written, and as a plain reader does", () => {
  const random = new Random(2024);
  for (let run = 0; run < 300; run++) {
    const columns = 2 + random.below(5);
    const cells = randomCells(random, 1 + random.below(run % 50 === 0 ? 1500 : 12), columns);
    const names = Array.from({ length: columns }, (_, k) => `c${k}`);
    const separator = [",", ";", "\t", "|"][random.below(4)];
    const text = toCsv([names, ...cells], separator, random.below(2) ? "\n" : "\r\n", random);
    const table = read(text, { separator });
    const expected = cells.map((row) =>
      // An empty text column is one of numbers; a numeric zero has no sign to compare.
      row.map((cell) => typeof cell === "number" ? cell + 0 : cell)
    );
    assert.deepEqual(rowsOf(table), expected, text.slice(0, 500));
    const plain = plainCsv(text, separator).slice(1).map((row) =>
      row.map((value, k) => {
        if (WORDS_OF_NOTHING.includes(value)) return null;
        return table.columns[k].storage === "numeric" ? Number(value) : value;
      })
    );
    assert.deepEqual(rowsOf(table), plain);
  }
});
