import assert from "node:assert/strict";
import { NOT_A_NUMBER, parseNumber } from "@/dataset/parse_number.ts";
import { Random } from "@/shared/random.ts";

function parse(text: string, decimal = "."): number {
  const bytes = new TextEncoder().encode(`x${text}9`);
  return parseNumber(bytes, 1, 1 + text.length, decimal.charCodeAt(0));
}

function assertAsNumber(text: string): void {
  assert.ok(Object.is(parse(text), Number(text)), `${text}: ${parse(text)} is not ${Number(text)}`);
}

Deno.test("parseNumber gives Number()'s double for edges of precision and range", () => {
  const texts = [
    "0 1 .5 5. 1e22 1e23 1e-22 1e-23 9007199254740993 9007199254740992.5 0.1 0.3 1e-400",
    "2.2250738585072014e-308 4.9406564584124654e-324 1.7976931348623157e308 9007199254740993e-3",
    "123456789012345678901234567890 0.000000000000000000000000000001 1.000000000000000000e+00",
    "100000000000000016777215 100000000000000016777216 0.500000000000000166533453693773481063544750213623",
    "00000000000000000000000000000001.5 1.5000000000000000000000000000000 8.692932128906250000e-01",
  ].join(" ").split(" ");
  for (const text of texts) {
    assertAsNumber(text);
    assertAsNumber(`-${text}`);
  }
});

Deno.test("parseNumber gives Number()'s double for random numbers in every notation", () => {
  const random = new Random(1);
  for (let i = 0; i < 20_000; i++) {
    const x = random.normal() * 10 ** (random.below(40) - 20);
    for (const text of [String(x), x.toExponential(random.below(20)), x.toPrecision(1 + random.below(21))]) {
      assertAsNumber(text);
    }
    if (Math.abs(x) < 1e21) assertAsNumber(x.toFixed(random.below(22)));
  }
});

Deno.test("parseNumber rounds numbers at and beside the middle of two doubles as Number() does", () => {
  const random = new Random(2);
  for (let i = 0; i < 5_000; i++) {
    // (2m + 1) / 2^s has 54 bits: the middle of two doubles, with s decimal places.
    const odd = (2n ** 52n + BigInt(random.uint32()) * 2n ** 20n + BigInt(random.below(2 ** 20))) * 2n + 1n;
    for (const places of [1, 2, 3]) {
      const digits = (odd * 5n ** BigInt(places)).toString();
      for (const last of ["", "1"]) {
        assertAsNumber(`${digits.slice(0, -places)}.${digits.slice(-places)}${last}`);
      }
      assertAsNumber(`${(BigInt(digits) - 1n).toString()}e-${places}`);
    }
  }
});

Deno.test("parseNumber refuses what is no decimal number, within its bytes only", () => {
  for (
    const text of [
      "",
      "-",
      ".",
      "e1",
      "1e",
      "1e+",
      "1e1.5",
      "1.2.3",
      "0x1",
      "1n",
      "1_0",
      " 1",
      "1 ",
      "1,5",
      "n",
    ]
  ) {
    assert.equal(parse(text), NOT_A_NUMBER, JSON.stringify(text));
  }
});

Deno.test("parseNumber reads a decimal comma when told to", () => {
  assert.equal(parse("1,5", ","), 1.5);
  assert.equal(parse("-1234567890123456,75e-30", ","), Number("-1234567890123456.75e-30"));
  assert.equal(parse("1.5", ","), NOT_A_NUMBER);
});

Deno.test("parseNumber reads infinity and numbers beyond the doubles as missing", () => {
  for (const text of ["inf", "-inf", "Infinity", "+INF", "1e400", "-1e99999999999"]) {
    assert.ok(Number.isNaN(parse(text)), text);
  }
});
