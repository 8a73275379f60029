/** What every preprocessing step of the table promises. */
import assert from "node:assert/strict";
import type { Column } from "@/dataset/table.ts";
import { takeRows } from "@/dataset/table.ts";
import type { State } from "@/ml/state.ts";
import type { Transformer } from "@/ml/transformer.ts";
import { TRANSFORMERS } from "@/ml/transformers.ts";
import { AppError } from "@/shared/errors.ts";
import { dates, numbers, texts } from "../ml/columns.ts";

const NUMERIC: Record<string, Column> = {
  "numbers": numbers("c", [1, 5, -3, 2.5, 8]),
  "numbers with missing values": numbers("c", [1, null, -3, 2.5, null]),
  "a constant": numbers("c", [4, 4, 4]),
  "one row": numbers("c", [4]),
  "no values": numbers("c", [null, null]),
  "dates": dates("c", ["2024-02-29", "1969-12-31T23:30:00Z", null, "2030-01-01"]),
};
const CODED: Record<string, Column> = {
  "categories": texts("c", ["b", "a", "b", "c"]),
  "categories with missing values": texts("c", ["b", null, "b", "c"]),
  "a boolean": texts("c", ["yes", "no", "no"], "boolean"),
  "a boolean with missing values": texts("c", ["yes", "no", null], "boolean"),
  "many levels": texts("c", Array.from({ length: 900 }, (_, i) => `level ${Math.floor(Math.sqrt(i * 150))}`)),
  "no values": texts("c", [null, null]),
};
const UNSEEN = {
  numeric: numbers("c", [1e9, null, -1e9]),
  coded: texts("c", ["never seen", null, "b", "yes"]),
};
const UNTOUCHED = 123.456;

function run(transformer: Transformer, column: Column, state: State): Float64Array[] {
  const rows = column.storage === "numeric" ? column.values.length : column.codes.length;
  const outputs = transformer.outputs("c", state).map(() => new Float64Array(rows).fill(UNTOUCHED));
  transformer.transform(column, state, outputs);
  return outputs;
}

for (const transformer of TRANSFORMERS) {
  const { name } = transformer;
  const takesCoded = name.endsWith("_encoder");
  const columns = takesCoded ? CODED : NUMERIC;

  Deno.test(`${name} has a description, a source and a name of its own`, () => {
    assert.match(name, /^[a-z][a-z0-9_]*$/);
    assert.ok(transformer.description.endsWith("."));
    assert.match(transformer.source, /^https:\/\//);
    assert.equal(TRANSFORMERS.filter((other) => other.name === name).length, 1);
  });

  Deno.test(`${name} refuses a column of the other storage by name`, () => {
    const other = takesCoded ? numbers("age", [1, 2]) : texts("age", ["a", "b"]);
    assert.throws(() => transformer.fit(other, {}), (error: AppError) => {
      assert.ok(error instanceof AppError);
      assert.match(error.message, new RegExp(`${name}.*"age"`));
      return true;
    });
  });

  for (const [what, column] of Object.entries(columns)) {
    for (const params of [{}, { impute: true, scale: true }]) {
      const how = Object.keys(params).length > 0 ? ", imputed and scaled" : "";
      const learn = () => transformer.fit(column, params);

      Deno.test(`${name} writes every cell of what it names: ${what}${how}`, () => {
        const state = learn();
        const names = transformer.outputs("c", state);
        const categories = transformer.categories(state);
        assert.equal(categories.length, names.length);
        assert.equal(new Set(names).size, names.length);
        assert.ok(names.every((one) => one.startsWith("c")));
        run(transformer, column, state).forEach((output, at) => {
          for (const value of output) {
            assert.notEqual(value, UNTOUCHED);
            assert.notEqual(Math.abs(value), Infinity);
            if (categories[at] > 0 && !Number.isNaN(value)) {
              assert.ok(Number.isInteger(value) && value >= 0 && value < categories[at]);
            }
          }
        });
      });

      Deno.test(`${name} leaves its input alone and learns plain data, the same twice: ${what}${how}`, () => {
        const before = structuredClone(column);
        const state = learn();
        const outputs = run(transformer, column, state);
        assert.deepEqual(column, before);
        assert.deepEqual(learn(), state);
        assert.deepEqual(run(transformer, column, structuredClone(state)), outputs);
        assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
      });

      Deno.test(`${name} does not depend on the order of the rows or the dictionary: ${what}${how}`, () => {
        const rows = column.storage === "numeric" ? column.values.length : column.codes.length;
        const backwards = Uint32Array.from({ length: rows }, (_, i) => rows - 1 - i);
        const [reversed] = takeRows({ rows, columns: [column] }, backwards).columns;
        const shuffled = reversed.storage === "numeric" ? reversed : texts(
          "c",
          Array.from(reversed.codes, (code) => code < 0 ? null : reversed.categories[code]),
          reversed.type,
        );
        const state = transformer.fit(shuffled, params);
        const forward = run(transformer, column, learn());
        run(transformer, shuffled, state).forEach((output, at) => {
          output.reverse().forEach((value, i) => {
            const expected = forward[at][i];
            assert.ok(Object.is(value, expected) || Math.abs(value - expected) < 1e-9);
          });
        });
      });

      Deno.test(`${name} writes value by value what it writes column by column: ${what}${how}`, () => {
        const state = learn();
        for (const other of [column, takesCoded ? UNSEEN.coded : UNSEEN.numeric]) {
          const outputs = run(transformer, other, state);
          const rows = other.storage === "numeric" ? other.values.length : other.codes.length;
          const { places, write } = transformer.writer(state);
          const out = new Float64Array(rows * outputs.length);
          const valueOf = (row: number): number | undefined => {
            if (other.storage === "numeric") return other.values[row];
            const code = other.codes[row];
            return code < 0 ? NaN : places!.get(other.categories[code]);
          };
          for (let row = 0; row < rows; row++) {
            const value = valueOf(row);
            if (value === undefined) continue;
            write(value, out, row, rows);
            outputs.forEach((output, k) => {
              assert.ok(Object.is(out[row + k * rows], output[row]), `row ${row}, output ${k}`);
            });
          }
        }
      });

      Deno.test(`${name} makes NaN or zeros of what training did not see, row by row: ${what}${how}`, () => {
        const state = learn();
        const unseen = takesCoded ? UNSEEN.coded : UNSEEN.numeric;
        const rows = takesCoded ? 4 : 3;
        const outputs = run(transformer, unseen, state);
        if (takesCoded) assert.ok(outputs.every((output) => Number.isNaN(output[0]) || output[0] === 0));
        for (let i = 0; i < rows; i++) {
          const [alone] = takeRows({ rows, columns: [unseen] }, Uint32Array.of(i)).columns;
          assert.deepEqual(
            run(transformer, alone, state).map((output) => output[0]),
            outputs.map((output) => output[i]),
          );
        }
        const [none] = takeRows({ rows, columns: [unseen] }, new Uint32Array(0)).columns;
        assert.ok(run(transformer, none, state).every((output) => output.length === 0));
      });
    }
  }
}
