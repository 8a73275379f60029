/** The kernels of matrices and networks beside the same in plain TypeScript: the same bits. */
import assert from "node:assert/strict";
import { expFloat } from "@/kernels/exp_log.ts";
import { type Arena, withArena } from "@/kernels/solo.ts";
import { activate, ACTIVATIONS } from "@/ml/neural_network/layers.ts";
import { Random } from "@/shared/random.ts";

const f = Math.fround;

function fill<T extends Float32Array | Float64Array>(array: T, seed: number, scale = 1): T {
  const random = new Random(seed);
  for (let i = 0; i < array.length; i++) array[i] = random.normal() * scale;
  return array;
}

Deno.test("an activation is the bits of the kernel, and near what Math gives", () => {
  withArena(({ kernels, floats }) => {
    for (const [kind, name] of ACTIVATIONS.entries()) {
      const x = fill(floats(1000), kind, 5);
      x.set([0, -0, 100, -100, 1e-6, -1e-6, 3e38, -3e38]);
      const before = x.slice();
      kernels.network_activate(kind, x.byteOffset, x.length);
      const after = x.slice();
      assert.deepEqual(after, before.map((value) => activate(name, value)));
      const exact = { identity: (v: number) => v, relu: (v: number) => Math.max(0, v), tanh: Math.tanh };
      const logistic = (v: number) => 1 / (1 + Math.exp(-v));
      before.forEach((value, i) => {
        const expected = { ...exact, logistic }[name](value);
        assert.ok(Math.abs(after[i] - expected) <= 2e-7 * (1 + Math.abs(expected)), `${name}(${value})`);
      });
    }
    assert.ok(Math.abs(expFloat(1) - Math.E) < 3e-7);
  });
});

/** C += A B, each sum in the order of k. */
function multiply(C: Float32Array, A: number[][], B: number[][]): Float32Array {
  const n = B[0].length;
  A.forEach((row, i) => {
    row.forEach((x, l) => {
      for (let j = 0; j < n; j++) C[i * n + j] = f(C[i * n + j] + f(x * B[l][j]));
    });
  });
  return C;
}

function rowsOf(array: Float32Array, m: number, n: number): number[][] {
  return Array.from({ length: m }, (_, i) => [...array.subarray(i * n, (i + 1) * n)]);
}

Deno.test("matrix_multiply is the plain product, bit by bit, of any shape, transposed or not", () => {
  for (const [m, n, k] of [[1, 4, 1], [5, 12, 7], [4, 8, 300], [9, 20, 257], [200, 100, 20], [3, 4, 600]]) {
    withArena((arena) => {
      const { kernels, floats } = arena;
      const [C, A, B] = [fill(floats(m * n), 1), fill(floats(m * k), 2), fill(floats(k * n), 3)];
      const T = floats(k * m);
      kernels.matrix_transpose(T.byteOffset, m, A.byteOffset, k, m, k);
      const expected = multiply(C.slice(), rowsOf(A, m, k), rowsOf(B, k, n));
      const twice = C.slice();
      const scratch = floats(kernels.matrix_scratch() / 4).byteOffset;
      const run = (a: number, ai: number, ak: number) =>
        kernels.matrix_multiply(C.byteOffset, n, a, ai, ak, B.byteOffset, n, m, n, k, scratch);
      run(A.byteOffset, k, 1);
      assert.deepEqual(C.slice(), expected, `${m} ${n} ${k}`);
      C.set(twice);
      run(T.byteOffset, 1, m);
      assert.deepEqual(C.slice(), expected, `${m} ${n} ${k} transposed`);
    });
  }
});

Deno.test("matrix_fill, matrix_gather and matrix_column_sums do what they say", () => {
  withArena(({ kernels, floats, integers }) => {
    const A = fill(floats(6 * 8), 4);
    const rows = integers(3);
    rows.set([5, 0, 5]);
    const C = floats(3 * 8);
    kernels.matrix_gather(C.byteOffset, A.byteOffset, rows.byteOffset, 3, 8);
    assert.deepEqual(rowsOf(C, 3, 8), [5, 0, 5].map((i) => [...A.subarray(i * 8, i * 8 + 8)]));
    kernels.matrix_column_sums(C.byteOffset, A.byteOffset, 6, 8);
    for (let j = 0; j < 8; j++) {
      let sum = 0;
      for (let i = 0; i < 6; i++) sum = f(sum + A[i * 8 + j]);
      assert.equal(C[j], sum);
    }
    kernels.matrix_fill(C.byteOffset, A.byteOffset + 32, 2, 8);
    assert.deepEqual(rowsOf(C, 2, 8), [rowsOf(A, 2, 8)[1], rowsOf(A, 2, 8)[1]]);
  });
});

Deno.test("network_adam and network_descend are the plain steps, bit by bit", () => {
  withArena(({ kernels, floats }) => {
    const count = 12;
    const arrays = [5, 6, 7, 8].map((seed) => fill(floats(count), seed).map(Math.abs));
    const [w, g, m, v] = arrays.map((values) => {
      const array = floats(count);
      array.set(values);
      return array;
    });
    const [decay, share, rate, b1, b2, eps] = [0.3, 1 / 7, 0.01, 0.9, 0.999, 1e-8].map(f);
    const adam = arrays[0].map((now, i) => {
      const slope = f(f(arrays[1][i] + f(decay * now)) * share);
      const first = f(f(b1 * arrays[2][i]) + f(f(1 - b1) * slope));
      const second = f(f(b2 * arrays[3][i]) + f(f(1 - b2) * f(slope * slope)));
      return f(now - f(f(rate * first) / f(f(Math.sqrt(second)) + eps)));
    });
    const pointers = [w, g, m, v].map((array) => array.byteOffset) as [number, number, number, number];
    kernels.network_adam(...pointers, count, decay, share, rate, b1, b2, eps);
    assert.deepEqual(w.slice(), adam);
    for (const nesterov of [0, 1]) {
      [w, g, v].forEach((array, i) => array.set(arrays[i]));
      const expected = arrays[0].map((now, i) => {
        const down = f(rate * f(f(arrays[1][i] + f(decay * now)) * share));
        const velocity = f(f(b1 * arrays[2][i]) - down);
        return f(now + (nesterov ? f(f(b1 * velocity) - down) : velocity));
      });
      kernels.network_descend(
        w.byteOffset,
        g.byteOffset,
        v.byteOffset,
        count,
        decay,
        share,
        rate,
        b1,
        nesterov,
      );
      assert.deepEqual(w.slice(), expected);
    }
  });
});

Deno.test("network_mask leaves out the asked share and scales the rest; another seed, another mask", () => {
  withArena(({ kernels, floats }) => {
    const masks = [1, 2].map((seed) => {
      const mask = floats(40_000);
      kernels.network_mask(mask.byteOffset, mask.length, seed, 0.25 * 2 ** 32, 1 / 0.75);
      return mask;
    });
    for (const mask of masks) {
      assert.ok(mask.every((value) => value === 0 || value === f(1 / 0.75)));
      const share = mask.filter((value) => value === 0).length / mask.length;
      assert.ok(Math.abs(share - 0.25) < 0.01, `${share}`);
    }
    const both = masks[0].filter((value, i) => value === 0 && masks[1][i] === 0).length;
    assert.ok(Math.abs(both / 40_000 - 0.0625) < 0.01, `${both}`);
  });
});

/** Numeric slopes of the loss. */
function checkLoss(arena: Arena, outputs: number, scores: number[], truth: number): void {
  const stride = 8;
  const loss = (values: number[]): { loss: number; slopes: number[] } => {
    const row = arena.floats(stride);
    row.set(values);
    const y = arena.floats(4);
    const weight = arena.floats(4);
    [y[0], weight[0]] = [truth, 2];
    const sum = arena.kernels.network_loss(
      row.byteOffset,
      stride,
      y.byteOffset,
      weight.byteOffset,
      1,
      outputs,
    );
    assert.ok(row.subarray(Math.max(outputs, 1)).every((slope) => slope === 0));
    return { loss: sum, slopes: [...row.subarray(0, values.length)] };
  };
  const { slopes } = loss(scores);
  scores.forEach((score, k) => {
    const at = (value: number) => loss(scores.with(k, value)).loss;
    const numeric = (at(score + 1 / 64) - at(score - 1 / 64)) * 32;
    assert.ok(Math.abs(numeric - slopes[k]) < 2e-3, `${outputs} outputs: ${numeric} ${slopes[k]}`);
  });
}

Deno.test("network_loss gives the loss and its slopes", () => {
  withArena((arena) => {
    checkLoss(arena, 0, [0.7], -1.5);
    checkLoss(arena, 1, [0.7], 1);
    checkLoss(arena, 1, [-2.7], 1);
    checkLoss(arena, 5, [0.5, -1, 2, 0, 1], 2);
    const row = arena.floats(4);
    const y = arena.floats(4);
    row[0] = 100;
    assert.equal(arena.kernels.network_loss(row.byteOffset, 4, y.byteOffset, 0, 1, 1), 100);
  });
});

Deno.test("an arena takes its memory back, and grows where it must", () => {
  const first = withArena(({ floats }) => floats(100).byteOffset);
  withArena(({ floats }) => {
    assert.equal(floats(100).byteOffset, first);
    const large = floats(3_000_000);
    assert.equal(large.length, 3_000_000);
    assert.ok(large.every((value) => value === 0));
    assert.throws(() => floats(2 ** 30), RangeError);
  });
});

Deno.test("products of a matrix of mostly zeros have the bits of the whole product, transposed or not", () => {
  for (const [m, n, k] of [[1, 4, 1], [5, 12, 7], [64, 256, 211], [200, 100, 210], [2, 8, 30_000]]) {
    withArena(({ kernels, floats }) => {
      const stride = (k + 3) & ~3;
      const a = floats(m * stride);
      const random = new Random(k);
      for (let i = 0; i < m; i++) {
        for (let l = 0; l < k; l++) a[i * stride + l] = random.below(6) === 0 ? random.normal() : 0;
      }
      const zeros = a.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
      assert.equal(kernels.matrix_zeros(a.byteOffset, a.length), zeros);
      const scratch = floats(kernels.matrix_scratch() / 4).byteOffset;
      const product = (rows: number, depth: number, isTransposed: boolean) => {
        const b = fill(floats(depth * n), 3).byteOffset;
        const [c, quick] = [fill(floats(rows * n), 4), fill(floats(rows * n), 4)];
        const [ai, ak] = isTransposed ? [1, stride] : [stride, 1];
        kernels.matrix_multiply(c.byteOffset, n, a.byteOffset, ai, ak, b, n, rows, n, depth, scratch);
        const given = [quick.byteOffset, n, a.byteOffset, stride, b, n, m, n, k] as const;
        if (isTransposed) kernels.matrix_multiply_sparse_transposed(...given);
        else kernels.matrix_multiply_sparse(...given, scratch);
        assert.deepEqual(quick, c);
      };
      product(m, k, false);
      product(k, m, true);
    });
  }
});
