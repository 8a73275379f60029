/** Sums by class beside the plain loop: the same bits. */
import assert from "node:assert/strict";
import { withArena } from "@/kernels/solo.ts";
import type { Matrix } from "@/ml/matrix.ts";
import { plainClassSums, quickClassSums } from "@/ml/naive_bayes/class_sums.ts";
import { Random } from "@/shared/random.ts";

for (const cols of [8, 13, 20]) {
  Deno.test(`the kernel sums ${cols} columns by class as the plain loop does, weighted or squared too`, () => {
    const random = new Random(cols);
    const rows = 333;
    withArena((arena) => {
      const data = arena.room(rows * cols);
      for (let at = 0; at < data.length; at++) data[at] = random.normal();
      const X: Matrix = { rows, cols, data, names: [], categories: [] };
      const kinds = Int32Array.from({ length: rows }, () => random.below(3));
      const weight = Float64Array.from({ length: rows }, () => random.float());
      const means = Float64Array.from({ length: 3 * cols }, () => random.normal());
      for (const options of [{}, { weight }, { means }, { weight, means }]) {
        const asked = { kinds, n_classes: 3, ...options };
        assert.deepEqual(quickClassSums(arena, X, asked), plainClassSums(X, asked));
      }
    });
  });
}
