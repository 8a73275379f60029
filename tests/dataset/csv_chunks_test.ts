/** The kernels against their referee: the plain scan gives the same table and the same errors. */
import assert from "node:assert/strict";
import { scanChunks } from "@/dataset/csv_chunks.ts";
import {
  CODED,
  DECIMAL_COMMA,
  NUMBER,
  type ScanInput,
  type ScanResult,
  scanRows,
  SKIP,
} from "@/dataset/csv_scan.ts";
import { packedColumn } from "@/dataset/packed_text.ts";
import { openThreads, type Threads } from "@/kernels/threads.ts";
import { AppError } from "@/shared/errors.ts";
import { Random } from "@/shared/random.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

const NAN = new BigUint64Array(Float64Array.of(NaN).buffer)[0];

/** The bits of every number, and the codes and categories. */
function seen({ rows, failed, values, codes }: ScanResult): unknown {
  return {
    rows,
    failed: [...failed],
    values: Array.from(
      failed,
      (_, k) =>
        values[k] &&
        [...new BigUint64Array(Float64Array.from(values[k]).buffer)].map((bits) =>
          (bits & 0x7fffffffffffffffn) > 0x7ff0000000000000n ? NAN : bits
        ),
    ),
    codes: Array.from(failed, (_, k) => {
      const coded = codes[k] && "ends" in codes[k] ? packedColumn("", "category", codes[k]) : codes[k];
      return coded && [[...coded.codes], coded.categories];
    }),
  };
}

/** The kernels give what the plain scan gives; false where they leave the text to it. */
function agree(input: ScanInput, modes: Uint8Array, threads: Threads): boolean {
  let plain: unknown;
  try {
    plain = seen(scanRows(input, modes));
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
  }
  let isRead = true;
  for (const chunkBytes of [40, 300, 1 << 16]) {
    const result = scanChunks(input, modes, threads, chunkBytes);
    if (result) assert.deepEqual(seen(result), plain);
    else isRead = false;
  }
  return isRead;
}

const NUMBERS: ((random: Random) => string)[] = [
  (random) => String(random.below(1000)),
  (random) => String(-random.below(1e9)),
  (random) => String(random.normal()),
  (random) => String(random.normal() * 10 ** (random.below(600) - 300)),
  (random) => random.normal().toFixed(random.below(20)),
  (random) => (random.normal() * 1e6).toExponential(random.below(20)),
  (random) => digits(random, 1 + random.below(40)),
  (random) => `${digits(random, random.below(25))}.${digits(random, 1 + random.below(30))}`,
  (random) => `.${digits(random, 1 + random.below(25))}`,
  (random) => `${digits(random, 1 + random.below(25))}.`,
  (random) => `+${digits(random, 1 + random.below(18))}e-${random.below(340)}`,
  (random) => `${digits(random, 17)}E${random.below(340)}`,
  (random) => `0.${"0".repeat(random.below(320))}${digits(random, 20)}`,
  (random) =>
    ["0", "-0", "-0.0", "1e999", "-inf", "Infinity", "5e-324", "1.7976931348623157e308"][random.below(8)],
];
const digits = (random: Random, n: number) => Array.from({ length: n }, () => random.below(10)).join("");

const TEXTS = [
  "",
  "a",
  "b c",
  " x ",
  "é",
  "漢字",
  "🎉🎉",
  "NA",
  "nan",
  "?",
  "-1.#IND",
  "1e",
  "0x10",
  "1 2",
  "--1",
  "t".repeat(40),
];
const QUOTED = [
  '""',
  '"a"',
  '"x,y"',
  '"say ""hi"""',
  '"line\nend"',
  '"line\r\nend"',
  '" a "',
  '"1.5"',
  '"NA"',
  '""""',
  '"é"',
];
const ODD_ONES = [' "a"', '"a" ', '5" pipe', '"a"b', '"open', 'x"y"', '\t"z"\t', "a\u00a0"];
const ENDS = ["\n", "\r\n", "\r", "\n\n", "\r\n \r\n"];

interface RandomCsv {
  bytes: Uint8Array;
  separator: number;
  names: string[];
  /** It may hold what the kernels leave to the plain scan. */
  isOdd: boolean;
}

function randomCsv(random: Random): RandomCsv {
  const columns = 1 + random.below(5);
  const separator = [",", ";", "\t", "|"][random.below(4)];
  const isOdd = random.below(6) === 0;
  const pick = <T>(list: readonly T[]) => list[random.below(list.length)];
  const kinds = Array.from({ length: columns }, () => random.below(5));
  const numbers = Array.from({ length: columns }, () => pick(NUMBERS));
  const cell = (k: number) => {
    if (isOdd && random.below(50) === 0) return pick(ODD_ONES);
    const kind = random.below(150) === 0 ? random.below(5) : kinds[k];
    if (kind === 0) return numbers[k](random);
    if (kind === 1) {
      return random.below(9) ? numbers[k](random) : pick(["", "NA", " 1.5", '"2"', "+3", "nan "]);
    }
    if (kind === 2) return numbers[k](random).replace(".", ",");
    if (kind === 3) return pick(QUOTED);
    return random.below(3) ? pick(TEXTS) : `${random.below(300)}-${pick(TEXTS)}`;
  };
  const clean = (text: string) => text.startsWith('"') || !text.includes(separator) ? text : `"${text}"`;
  const end = pick(ENDS);
  const rows = random.below(100);
  let text = "";
  for (let row = 0; row < rows; row++) {
    text += Array.from({ length: columns }, (_, k) => clean(cell(k))).join(separator);
    if (isOdd && random.below(500) === 0) text += separator;
    text += row < rows - 1 || random.below(2) ? end : "";
  }
  const bytes = bytesOf(text);
  if (isOdd && bytes.length && random.below(4) === 0) {
    bytes[random.below(bytes.length)] = 0xff - random.below(128);
  }
  const names = Array.from({ length: columns }, (_, k) => `c${k}`);
  return { bytes, separator: separator.charCodeAt(0), names, isOdd };
}

Deno.test("the kernels read random tables as the plain scan does, wherever chunks end", () => {
  const random = new Random(7);
  using threads = openThreads(1);
  let read = 0;
  for (let run = 0; run < 3000; run++) {
    const { isOdd, ...csv } = randomCsv(random);
    const input = { ...csv, start: 0, expected_rows: random.below(100), max_rows: Infinity };
    // As `readCsv` does, decimal commas are only tried where the comma is not the separator.
    const kinds = csv.separator === 44 ? [NUMBER, CODED, SKIP] : [NUMBER, DECIMAL_COMMA, CODED, SKIP];
    const modes = Uint8Array.from(csv.names, () => kinds[random.below(kinds.length)]);
    const isRead = agree(input, modes, threads);
    if (isRead) read++;
    else assert.ok(isOdd, new TextDecoder().decode(csv.bytes));
  }
  assert.ok(read > 2500, `only ${read} were read`);
});

Deno.test("the kernels read a million numbers to the last bit", () => {
  const random = new Random(11);
  const texts = Array.from({ length: 1_000_000 }, (_, i) => NUMBERS[i % NUMBERS.length](random));
  const bytes = bytesOf(texts.join("\n"));
  const input = {
    bytes,
    start: 0,
    separator: 44,
    names: ["x"],
    expected_rows: texts.length,
    max_rows: Infinity,
  };
  using threads = openThreads(1);
  const { rows, values } = scanChunks(input, Uint8Array.of(NUMBER), threads)!;
  assert.equal(rows, texts.length);
  const wrong = texts.findIndex((text, i) => {
    const value = Number(text);
    return !Object.is(values[0]![i], Number.isFinite(value) ? value : NaN);
  });
  assert.equal(wrong, -1, texts[wrong]);
});

for (const size of [1, 3]) {
  Deno.test(`texts that mostly differ are packed, on ${size} threads, as the plain scan reads them`, () => {
    const random = new Random(13);
    const cell = (i: number) => {
      const kind = random.below(12);
      if (kind === 0) return ["", "NA", " ", '""', "?"][random.below(5)];
      if (kind === 1) return `"${random.below(1e9)}, ""é""\n🎉"`;
      if (kind === 2) return ` ${random.below(1e6)} `;
      return `${"long ".repeat(random.below(30))}${i}`;
    };
    // The first column differs only at first, the last one only later.
    const rows = Array.from(
      { length: 40_000 },
      (_, i) => [i < 15_000 ? cell(i) : "z", cell(i), i < 15_000 ? "a" : cell(i)],
    );
    const bytes = bytesOf(rows.map((row) => row.join(",")).join("\n"));
    const input = {
      ...{ bytes, start: 0, separator: 44, names: ["a", "b", "c"] },
      ...{ expected_rows: 100, max_rows: Infinity },
    };
    const modes = Uint8Array.of(CODED, CODED, CODED);
    const plain = seen(scanRows(input, modes));
    using threads = openThreads(size);
    for (const chunkBytes of [3000, 1 << 16]) {
      const result = scanChunks(input, modes, threads, chunkBytes)!;
      assert.deepEqual(result.codes.map((codes) => "ends" in codes!), [true, true, true]);
      assert.deepEqual(seen(result), plain);
    }
    const cut = bytes.slice();
    cut[cut.lastIndexOf(0xf0)] = 0xff;
    assert.equal(scanChunks({ ...input, bytes: cut }, modes, threads), undefined);
  });
}
