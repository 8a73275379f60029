import assert from "node:assert/strict";
import { explainRow } from "@/artifact/explain_row.ts";
import { predictRows } from "@/artifact/predict_rows.ts";
import { fitPipeline } from "@/ml/pipeline.ts";
import { numbers, tableOf, texts } from "../ml/columns.ts";

const table = tableOf(
  numbers("size", [1, 2, 3, 4, 5, 6, 7, 8]),
  numbers("noise", [3, 1, 2, 3, 1, 2, 3, 1]),
  texts("colour", ["red", "red", "blue", "blue", "red", "red", "blue", "blue"]),
  numbers("price", [11, 12, 3, 4, 15, 16, 7, 8]),
);
const pipeline = fitPipeline(table, { target: "price", task: "regression", algorithm: "ridge", seed: 0 });

Deno.test("explainRow() gives the change of the prediction when each value is taken away, the largest first", () => {
  const row = { size: 8, noise: 2, colour: "red" };
  const { prediction, effects } = explainRow({ pipeline }, row);
  assert.deepEqual([prediction], predictRows({ pipeline }, [row]).predictions);
  assert.equal(effects[0].column, "colour");
  const sizes = effects.map(({ effect }) => Math.abs(effect));
  assert.deepEqual(sizes, sizes.toSorted((a, b) => b - a));
  for (const { column, without, effect } of effects) {
    assert.deepEqual([without], predictRows({ pipeline }, [{ ...row, [column]: null }]).predictions);
    assert.equal(effect, Number(prediction) - Number(without));
  }
});

Deno.test("explainRow() tells of classes what a value adds to the predicted one's probability", () => {
  const classes = fitPipeline(table, {
    target: "colour",
    task: "classification",
    algorithm: "logistic_regression",
    seed: 0,
  });
  const row = { price: 16, size: 6 };
  const { prediction, effects } = explainRow({ pipeline: classes }, row);
  const p = (asked: Record<string, unknown>) =>
    predictRows({ pipeline: classes }, [asked]).probabilities![0][String(prediction)];
  assert.equal(effects.length, 2, "a value that the row lacks has no effect");
  for (const { column, effect } of effects) assert.equal(effect, p(row) - p({ ...row, [column]: null }));
});

Deno.test("explainRow() of a row with one value still says what it does", () => {
  assert.equal(explainRow({ pipeline }, { size: 8 }).effects.length, 1);
});
