/** The kernels of support vector machines beside the same in plain TypeScript. */
import assert from "node:assert/strict";
import { expFloat } from "@/kernels/math.ts";
import { withArena } from "@/kernels/solo.ts";
import { activate } from "@/ml/neural_network/layers.ts";
import { type KernelSpec, Points } from "@/ml/svm/kernel_rows.ts";
import { Random } from "@/shared/random.ts";

const f = Math.fround;

/** The kernel of two points, in floats, in the order of the columns. */
function plainKernel(a: number[], b: number[], { kernel, gamma, coef0, degree }: KernelSpec): number {
  const dot = (x: number[], y: number[]) => x.reduce((sum, v, j) => f(sum + f(f(v) * f(y[j]))), 0);
  const product = dot(a, b);
  if (kernel === "linear") return product;
  if (kernel === "rbf") {
    const far = f(f(dot(a, a) + dot(b, b)) - f(2 * product));
    return expFloat(f(-f(gamma) * Math.max(0, far)));
  }
  const value = f(f(f(gamma) * product) + f(coef0));
  if (kernel === "sigmoid") return activate("tanh", value);
  let power = 1;
  for (let d = 0; d < degree; d++) power = f(power * value);
  return power;
}

for (const kernel of ["linear", "poly", "rbf", "sigmoid"] as const) {
  Deno.test(`svm_row is the plain kernel, bit by bit: ${kernel}`, () => {
    const spec = { kernel, gamma: 0.3, coef0: 0.5, degree: 3 };
    const random = new Random(1);
    const cells = Array.from({ length: 44 }, () => Array.from({ length: 7 }, () => random.normal()));
    withArena((arena) => {
      const points = new Points(arena, 44, 7, spec);
      cells.forEach((cell, i) => points.set(i, (j) => cell[j]));
      const out = arena.floats(44);
      for (const i of [0, 17, 43]) {
        points.rowOf(i, out.byteOffset);
        const expected = cells.map((cell) => plainKernel(cells[i], cell, spec));
        assert.deepEqual([...out], expected);
        out.fill(0);
        points.rowOfOther((j) => cells[i][j], out.byteOffset);
        assert.deepEqual([...out], expected);
      }
      points.selves(out);
      cells.forEach((cell, i) => assert.ok(Math.abs(out[i] - plainKernel(cell, cell, spec)) < 1e-6));
    });
  });
}

Deno.test("svm_update and svm_partner choose what a plain search chooses, the first of equals", () => {
  for (let seed = 0; seed < 40; seed++) {
    withArena(({ kernels, doubles, floats }) => {
      const random = new Random(seed);
      const count = 24;
      const draw = () => seed % 2 === 0 ? random.normal() : random.below(3) - 1; // many equals
      const [rest, up, low] = Array.from({ length: 3 }, () => doubles(count));
      const [own, rowI, rowJ] = Array.from({ length: 3 }, () => floats(count));
      for (let t = 0; t < count; t++) {
        rest[t] = draw();
        up[t] = random.below(3) === 0 ? -Infinity : 0;
        low[t] = random.below(3) === 0 ? Infinity : 0;
        own[t] = 2;
        rowI[t] = draw() / 4;
        rowJ[t] = draw() / 4;
      }
      const board = doubles(6);
      const words = new Int32Array(board.buffer, board.byteOffset, 12);
      words.set([rest, up, low, own].map((array) => array.byteOffset));
      board.set([-Infinity, Infinity], 3);
      const ranges = [[0, 8], [12, 24]];
      const inside = [...Array(count).keys()].filter((t) => t < 8 || t >= 12);
      const expected = rest.map((value, t) => inside.includes(t) ? value - 0.5 * (rowI[t] - rowJ[t]) : value);
      for (const [from, to] of ranges) {
        kernels.svm_update(board.byteOffset, from, to, rowI.byteOffset, rowJ.byteOffset, 0.5);
      }
      assert.deepEqual(rest.slice(), expected);
      const most = Math.max(...inside.map((t) => rest[t] + up[t]));
      assert.deepEqual([board[3], board[4]], [most, Math.min(...inside.map((t) => rest[t] + low[t]))]);
      assert.equal(words[4], inside.find((t) => rest[t] + up[t] === most));

      let [place, gain] = [-1, 0];
      for (const t of inside) {
        const gap = most - (rest[t] + low[t]);
        const value = gap > 0 ? gap * gap / Math.max(1e-12, 2 + own[t] - 2 * rowI[t]) : 0;
        if (value > gain * (1 + 1e-14)) [place, gain] = [t, value];
      }
      const best = doubles(3);
      best.set([-1, 0, 1]);
      for (const [from, to] of ranges) {
        kernels.svm_partner(board.byteOffset, from, to, rowI.byteOffset, 2, best.byteOffset);
      }
      assert.equal(best[0], place);
      assert.ok(Math.abs(best[1] / best[2] - gain) <= 1e-12 * gain);
    });
  }
});
