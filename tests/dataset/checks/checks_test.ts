/** Each check finds what is planted for it, and nothing accuses honest tables. */
import assert from "node:assert/strict";
import { type CheckOptions, CHECKS, findProblems } from "@/dataset/checks/checks.ts";
import type { Finding } from "@/dataset/checks/finding.ts";
import { inferTypes } from "@/dataset/infer_types.ts";
import { readTable } from "@/dataset/readers.ts";
import { SAMPLES } from "@/dataset/samples.ts";
import { holdoutSplit } from "@/dataset/split.ts";
import type { Column } from "@/dataset/table.ts";
import { honest, numbers, PLANTED, words } from "./planted.ts";

const SEEDS = [1, 2, 3, 4, 5];

function look(columns: Column[], target: Column, options: CheckOptions = {}): Finding[] {
  const rows = target.storage === "numeric" ? target.values.length : target.codes.length;
  const table = inferTypes({ rows, columns: [...columns, target] });
  return findProblems(table, {
    target: target.name,
    method: "holdout",
    split: holdoutSplit({ rows, test_fraction: 0.2, seed: 0 }),
    ...options,
  });
}

const errorsOf = (findings: readonly Finding[]) => findings.filter(({ severity }) => severity === "error");

for (const { what, check, severity, columns, plant } of PLANTED) {
  Deno.test(`${check} finds ${what}, and nothing else is an error`, () => {
    for (const seed of SEEDS) {
      const base = honest(seed);
      const { columns: more = [], instead = base.columns, target, options } = plant(base);
      const findings = look([...instead, ...more], target, options);
      const hit = findings.find((one) =>
        one.check === check && (!columns || String(one.columns) === String(columns))
      );
      assert.equal(hit?.severity, severity, `seed ${seed}: ${JSON.stringify(findings, null, 1)}`);
      const rule = CHECKS.find(({ name }) => name === check)!;
      assert.match(rule.severity, new RegExp(`\\b${severity}\\b`));
      assert.ok(hit!.message.endsWith(".") && hit!.hint !== "" && Object.keys(hit!.evidence).length > 0);
      assert.deepEqual(errorsOf(findings).filter((one) => one !== hit), []);
    }
  });
}

Deno.test("every check has something planted for it", () => {
  for (const { name } of CHECKS) assert.ok(PLANTED.some(({ check }) => check === name), name);
  assert.equal(new Set(CHECKS.map(({ name }) => name)).size, CHECKS.length);
});

Deno.test("an honest table is accused of nothing, whatever its seed and size", () => {
  for (const seed of SEEDS) {
    for (const rows of [60, 300, 1200]) {
      const { columns, amount, label } = honest(seed, rows);
      assert.deepEqual(look(columns, words("label", label)), []);
      assert.deepEqual(look(columns, numbers("amount", amount)), []);
    }
  }
});

for (const { name, text, target, rows } of SAMPLES) {
  Deno.test(`sample/${name} has no error`, async () => {
    const table = await readTable(new TextEncoder().encode(text), `${name}.csv`);
    const split = holdoutSplit({ rows, test_fraction: 0.2, seed: 0 });
    assert.deepEqual(errorsOf(findProblems(table, { target, method: "holdout", split })), []);
  });
}

Deno.test("a strong but honest column is no leak", () => {
  for (const seed of SEEDS) {
    const { columns, label, amount, random } = honest(seed);
    const strong = numbers("strong", label.map((one) => (one === "yes" ? 3 : 0) + random.normal() * 0.9));
    assert.deepEqual(look([...columns, strong], words("label", label)), []);
    const near = numbers("near", amount.map((one) => one + random.normal()));
    assert.deepEqual(look([...columns, near], numbers("amount", amount)), []);
  }
});

Deno.test("several columns that each tell the target are an easy task, not a leak", () => {
  const { columns, label, random } = honest(1);
  const many = Array.from(
    { length: 4 },
    (_, k) => numbers(`sign_${k}`, label.map((one) => (one === "yes" ? 9 : 0) + random.normal())),
  );
  assert.deepEqual(errorsOf(look([...columns, ...many], words("label", label))), []);
});

Deno.test("classes that are ranges of one of few columns are no error; of one of many, or in heaps, they are", () => {
  for (const seed of SEEDS) {
    const { columns: many, random, rows } = honest(seed);
    const columns = many.slice(0, 3);
    const draws: [string, () => number][] = [
      ["uniform", () => random.float() * 90],
      ["normal", () => 45 + 20 * random.normal()],
      ["whole", () => random.below(90)],
      ["long-tailed", () => -30 * Math.log(1 - random.float())],
    ];
    for (const [name, draw] of draws) {
      const age = Array.from({ length: rows }, draw);
      for (const borders of [[18], [60], [30, 60]]) {
        const label = age.map((value) => `class ${borders.filter((border) => value >= border).length}`);
        const found = look([...columns, numbers("age", age)], words("label", label));
        const severities = found.map(({ check, severity }) => [check, severity])
          .filter(([check]) => check !== "imbalance");
        assert.deepEqual(severities, [["target_leakage", "warning"]], `${name} ${borders}`);
        // Between two bins of the histogram a border costs some rows, but of whole numbers none.
        if (name === "whole") {
          assert.equal(errorsOf(look([...many, numbers("age", age)], words("label", label))).length, 1);
        }
      }
    }
    const fee = honest(seed).label.map((one) => one === "yes" ? 5 + random.float() * 90 : random.normal());
    const { label: paid } = honest(seed);
    assert.equal(errorsOf(look([...columns, numbers("fee", fee)], words("label", paid))).length, 1);
    for (const noise of [0.05, 0.1]) {
      const label = Array.from({ length: rows }, () => random.below(2));
      const score = numbers("score", label.map((one) => one + noise * random.normal()));
      const found = errorsOf(look([...columns, score], words("label", label.map((one) => `class ${one}`))));
      assert.deepEqual(found.map((one) => one.columns), [["score"]], `${noise}`);
    }
  }
});

Deno.test("a city that tells its country is no leak", () => {
  const { columns, random, rows } = honest(2);
  const city = Array.from({ length: rows }, () => random.below(60));
  const findings = look(
    [...columns, words("city", city.map((one) => `town ${one}`))],
    words("country", city.map((one) => `land ${one % 5}`)),
  );
  assert.deepEqual(findings.map(({ check, severity }) => [check, severity]), [["target_leakage", "warning"]]);
});

Deno.test("the only column that there is may be the law that is to be learnt", () => {
  const { amount, label } = honest(1);
  const one = look([numbers("x", amount)], numbers("y", amount.map((value) => 2 * value + 1)));
  assert.deepEqual(one.map(({ check, severity }) => [check, severity]), [["target_copy", "warning"]]);
  assert.deepEqual(errorsOf(look([numbers("x", amount)], words("label", label))), []);
});

Deno.test("what is excluded or is no feature is not accused", () => {
  const { columns, label } = honest(1);
  const copy = words("copy", label.map((one) => `${one}!`));
  const target = words("label", label);
  assert.deepEqual(errorsOf(look([...columns, copy], target)).map((one) => one.columns), [["copy"]]);
  assert.deepEqual(look([...columns, copy], target, { exclude: ["copy"] }), []);
  assert.deepEqual(look([...columns, copy], target, { features: ["a", "b"] }), []);
});

Deno.test("a split by time or by group is not told to be random", () => {
  for (const check of ["time_order", "group_leakage"]) {
    for (const { plant, columns } of PLANTED.filter((one) => one.check === check)) {
      const base = honest(1);
      const { columns: more = [], target } = plant(base);
      for (const method of ["time", "group"] as const) {
        const findings = look([...base.columns, ...more], target, { method });
        assert.equal(findings.some((one) => one.check === check), false, String(columns));
      }
    }
  }
});

Deno.test("groups are found in a table that is too large to look at whole", () => {
  const { random } = honest(1);
  const rows = 200_000;
  const state = Array.from({ length: rows / 5 }, () => random.float() < 0.4 ? "ill" : "well");
  const who = Float64Array.from({ length: rows }, (_, row) => Math.floor(row / 5));
  const findings = look(
    [numbers("patient_id", who), numbers("a", who.map(() => random.normal()))],
    words("state", Array.from(who, (one) => state[one])),
  );
  assert.deepEqual(errorsOf(findings).map(({ check }) => check), ["group_leakage"]);
});

Deno.test("a table without a target gets the findings that need none", () => {
  const { columns, label } = honest(1);
  const table = inferTypes({ rows: label.length, columns: [...columns, { ...columns[0], name: "again" }] });
  assert.deepEqual(findProblems(table).map(({ check }) => check), ["duplicate_column"]);
});

Deno.test("many findings of one check become ten, and no column is forgotten", () => {
  const { columns, label } = honest(1);
  const copies = Array.from({ length: 300 }, (_, k) => words(`copy_${k}`, label.map((one) => `${one}${k}`)));
  const errors = errorsOf(look([...columns, ...copies], words("label", label)));
  assert.equal(errors.length, 10);
  assert.equal(new Set(errors.flatMap((one) => one.columns)).size, 300);
});

Deno.test("a table of very many columns is looked at within seconds", () => {
  const { random } = honest(1);
  const rows = 300;
  const columns = Array.from(
    { length: 20_000 },
    (_, k) => numbers(`gene_${k}`, Float64Array.from({ length: rows }, () => random.float())),
  );
  const label = Array.from({ length: rows }, () => random.float() < 0.5 ? "a" : "b");
  const started = performance.now();
  assert.deepEqual(errorsOf(look(columns, words("label", label))), []);
  assert.ok(performance.now() - started < 30_000);
});
