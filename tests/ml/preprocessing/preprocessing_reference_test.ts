import assert from "node:assert/strict";
import { transformerOf } from "@/ml/transformers.ts";
import { readReference } from "../../reference/read_reference.ts";
import { columnOfValues, distanceBetween } from "../columns.ts";

interface Case {
  name: string;
  transformer: string;
  train: (number | string | null)[];
  test: (number | string | null)[];
  expected: (number | null)[][];
}

for (const one of readReference<Case[]>("preprocessing.json")) {
  Deno.test(`${one.transformer} equals scikit-learn's: ${one.name}`, () => {
    const transformer = transformerOf(one.transformer);
    const state = transformer.fit(columnOfValues("c", one.train), {});
    const outputs = transformer.outputs("c", state).map(() => new Float64Array(one.test.length));
    transformer.transform(columnOfValues("c", one.test), state, outputs);
    assert.equal(outputs.length, one.expected.length);
    outputs.forEach((output, at) => {
      const expected = one.expected[at].map((value) => value ?? NaN);
      const distance = distanceBetween(output, expected);
      assert.ok(distance < 1e-8, `output ${at} differs by ${distance}`);
    });
  });
}
