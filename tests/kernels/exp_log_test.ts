import assert from "node:assert/strict";
import { exp, exponentOf, log, power, powerOf2, roundEven } from "@/kernels/exp_log.ts";
import { openThreads } from "@/kernels/threads.ts";
import { Random } from "@/shared/random.ts";

const random = new Random(1);
const exponents = Float64Array.from({ length: 20_000 }, () => 30 * random.normal());
exponents.set([0, -0, 1, -1, 708, -708, 709, 709.5, 1e9, -1e9, 1e-300, -37]);
const positive = Float64Array.from(exponents, (x) => Math.exp(x));
positive.set([
  1,
  2,
  0.5,
  0.7071067811865475,
  0.7071067811865476,
  1.4142135623730951,
  1 + 2 ** -52,
  1 - 2 ** -53,
  2.2250738585072014e-308,
  1.7976931348623157e308,
]);

for (const [name, plain, which, values] of [["exp", exp, 0, exponents], ["log", log, 1, positive]] as const) {
  Deno.test(`${name} has the same bits in the kernels and in TypeScript`, () => {
    using threads = openThreads(1);
    const pointer = threads.kernels.allocate(values.byteLength);
    const there = new Float64Array(threads.memory.buffer, pointer, values.length);
    there.set(values);
    threads.kernels.exp_log(pointer, values.length, which);
    values.forEach((x, i) => assert.ok(Object.is(there[i], plain(x)), `${name}(${x})`));
  });
}

Deno.test("exp and log are right to two units of the last place", () => {
  for (const x of exponents) {
    if (Math.abs(x) > 708) continue;
    assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) <= 2 * Number.EPSILON, `exp(${x})`);
  }
  for (const x of positive) {
    const expected = Math.log(x);
    assert.ok(Math.abs(log(x) - expected) <= 2 * Number.EPSILON * Math.abs(expected), `log(${x})`);
  }
  assert.equal(exp(0), 1);
  assert.equal(log(1), 0);
});

Deno.test("powers of two, exponents and rounding are exact", () => {
  for (const k of [-1022, -1, 0, 1, 52, 1023]) {
    assert.equal(powerOf2(k), 2 ** k);
    assert.equal(exponentOf(1.5 * 2 ** k), k);
  }
  assert.deepEqual([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999].map((x) => roundEven(x) + 0), [0, 2, 2, 0, -2, 2]);
});

Deno.test("power is right to a unit of the last place a digit of the exponent, and exact for small whole numbers", () => {
  for (const x of positive) {
    for (const exponent of [0, 0.5, 1 / 3, 1.5, 2.5, 20]) {
      const expected = x ** exponent;
      if (expected < 1e-300 || expected > 1e300) continue;
      const error = Math.abs(power(x, exponent) / expected - 1);
      assert.ok(error <= (4 + 2 * Math.abs(Math.log(expected))) * Number.EPSILON, `${x} ** ${exponent}`);
    }
  }
  assert.equal(power(3, 4), 81);
  assert.equal(power(0, 1.5), 0);
  assert.equal(power(0, 0), 1);
});
