import assert from "node:assert/strict";
import { checkParams } from "@/ml/check_params.ts";
import { fitPipeline } from "@/ml/pipeline.ts";
import { candidatesFor } from "@/ml/model_selection/candidates.ts";
import { Random } from "@/shared/random.ts";
import { numbers, tableOf } from "../columns.ts";

const SHAPES = [
  { rows: 8, features: 1 },
  { rows: 300, features: 4 },
  { rows: 700, features: 4 },
  { rows: 4_000, features: 30 },
  { rows: 1_000_000, features: 12 },
];

for (const n_classes of [0, 2, 3, 40]) {
  const task = n_classes === 0 ? "regression" : "classification";
  for (const shape of SHAPES) {
    Deno.test(`candidatesFor gives several kinds with valid params: ${n_classes} classes, ${shape.rows} rows`, () => {
      const candidates = candidatesFor({ task, n_classes, ...shape });
      assert.ok(candidates.length >= 3);
      assert.ok(new Set(candidates.map(({ algorithm }) => algorithm)).size >= 3);
      for (const { algorithm, params, note } of candidates) {
        assert.notEqual(algorithm, "dummy");
        checkParams(algorithm, task, params);
        assert.ok(note.length > 0);
      }
      assert.equal(
        candidates.some(({ algorithm }) => algorithm === "k_neighbors"),
        shape.rows > 10 && shape.rows <= 5_000,
      );
      // Where rows are neither few nor many, shallow and full trees are boosted.
      const isShallow = candidates.flatMap(({ algorithm, params }) =>
        algorithm === "gradient_boosting" && params.max_iter === undefined ? "max_depth" in params : []
      );
      const wanted = [...shape.rows < 1_000 ? [true] : [], ...shape.rows >= 500 ? [false] : []];
      assert.deepEqual(isShallow, n_classes <= 30 ? wanted : []);
      // What grows too slow with the rows is left out.
      const isTried = (name: string) => candidates.some(({ algorithm }) => algorithm === name);
      assert.equal(isTried("mlp"), shape.rows === 4_000);
      assert.equal(isTried("svm"), [300, 700].includes(shape.rows) && [2, 3].includes(n_classes));
    });
  }

  Deno.test(`candidatesFor gives only what can be fitted on few weighted rows: ${n_classes} classes`, () => {
    const random = new Random(4);
    const rows = 90;
    const values = () => numbers("x", Array.from({ length: rows }, () => random.normal()));
    const target = Array.from({ length: rows }, (_, i) => n_classes > 0 ? i % n_classes : random.normal());
    const table = tableOf(values(), numbers("t", target), { ...values(), name: "w" });
    const weights = numbers("w", Array.from({ length: rows }, () => random.float()));
    const weighted = { ...table, columns: [...table.columns.slice(0, 2), weights] };
    for (
      const { algorithm, params } of candidatesFor({ task, rows, features: 1, n_classes, weighted: true })
    ) {
      fitPipeline(weighted, { target: "t", task, algorithm, params, seed: 0, sample_weight: "w" });
    }
  });
}
