import assert from "node:assert/strict";
import { chiSquaredTail, gammaQ, kolmogorovTail } from "@/monitoring/special_functions.ts";
import { chiSquared, kolmogorovSmirnov, stabilityIndex } from "@/monitoring/two_samples.ts";

interface Counted {
  counts: [number[], number[]];
}
interface Reference {
  gamma_q: [number, number, number][];
  kolmogorov: [number, number][];
  ks: (Counted & { statistic: number; p_value: number })[];
  chi_squared: (Counted & { statistic: number; p_value: number })[];
  psi: (Counted & { psi: number })[];
}

const reference: Reference = JSON.parse(
  Deno.readTextFileSync(new URL("../reference/monitoring.json", import.meta.url)),
);

function near(got: number, wanted: number, relative: number, what: string): void {
  const far = Math.abs(got - wanted) > relative * Math.abs(wanted) + 1e-290;
  assert.ok(!far, `${what}: ${got} for ${wanted}`);
}

Deno.test("the tails of gamma and Kolmogorov are scipy's", () => {
  for (const [a, x, wanted] of reference.gamma_q) near(gammaQ(a, x), wanted, 1e-10, `Q(${a}, ${x})`);
  for (const [t, wanted] of reference.kolmogorov) near(kolmogorovTail(t), wanted, 1e-10, `K(${t})`);
  assert.equal(chiSquaredTail(0, 3), 1);
  assert.equal(chiSquaredTail(5, 0), 1);
});

Deno.test("Kolmogorov-Smirnov has scipy's statistic, and its p-value within a tenth", () => {
  for (const { counts: [a, b], statistic, p_value } of reference.ks) {
    const found = kolmogorovSmirnov(a, b);
    near(found.statistic, statistic, 1e-12, "statistic");
    near(found.p_value, p_value, 0.1, "p-value");
  }
});

Deno.test("chi-squared is scipy's where every bin has five rows to be expected", () => {
  assert.ok(reference.chi_squared.length >= 3);
  for (const { counts: [a, b], statistic, p_value } of reference.chi_squared) {
    const found = chiSquared(a, b);
    near(found.statistic, statistic, 1e-12, "statistic");
    near(found.p_value, p_value, 1e-10, "p-value");
  }
});

Deno.test("chi-squared takes rare bins together", () => {
  const found = chiSquared([100, 100, 1, 0, 1], [100, 100, 0, 1, 1]);
  // Three groups: the two common bins, and the rest with two rows each.
  near(found.p_value, chiSquaredTail(found.statistic, 2), 1e-12, "p-value");
  assert.ok(found.statistic < 1e-12);
});

Deno.test("the stability index is numpy's, and is expected to be what chance makes it", () => {
  for (const { counts: [a, b], psi } of reference.psi) near(stabilityIndex(a, b).psi, psi, 1e-10, "psi");
  const { expected } = stabilityIndex([500, 500, 0], [50, 50, 0]);
  near(expected, 1 / 1000 + 1 / 100, 1e-12, "expected");
});

Deno.test("nothing to compare is no difference", () => {
  for (const [a, b] of [[[0, 0], [3, 4]], [[3, 4], [0, 0]]]) {
    assert.equal(kolmogorovSmirnov(a, b).p_value, 1);
    assert.equal(chiSquared(a, b).p_value, 1);
    assert.equal(stabilityIndex(a, b).psi, 0);
  }
});
