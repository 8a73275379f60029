/** A target that other columns give exactly: a sum of any number of them, or a difference, product or ratio of two. */
import type { NumericColumn } from "../table.ts";
import { valuesAt } from "./column_values.ts";
import type { Check } from "./finding.ts";

const MIN_ROWS = 30;
const MAX_ROWS = 500;
const MIN_DISTINCT = 10;
/** Pairs of more columns would take too long. */
const MAX_COLUMNS = 60;
/** Of the spread of the target: room for a total that was rounded to cents. */
const NEAR = 2e-4;
/** A part must matter so much: else the other one is a copy, which is another check's. */
const MATTERS = 1e-2;

const OPERATIONS: readonly [sign: string, isSymmetric: boolean, compute: (a: number, b: number) => number][] =
  [
    ["+", true, (a, b) => a + b],
    ["-", false, (a, b) => a - b],
    ["*", true, (a, b) => a * b],
    ["/", false, (a, b) => a / b],
  ];

interface Part {
  column: NumericColumn;
  values: Float64Array;
}

interface Formula {
  parts: Part[];
  text: string;
}

export const targetFormula: Check = {
  name: "target_formula",
  title: "The target is an exact sum of other columns, or the difference, product or ratio of two.",
  severity: "error",
  remedy: "Exclude the parts that are known only afterwards; if all are known before, no model is needed.",
  find({ features, target, labels, sample }) {
    if (!target || labels?.task !== "regression") return [];
    const step = Math.ceil(sample.length / MAX_ROWS);
    const rows = sample.filter((_, i) => i % step === 0);
    const y = valuesAt(target, rows);
    const spread = spreadOf(y);
    if (rows.length < MIN_ROWS || new Set(y).size < MIN_DISTINCT || spread === 0) return [];
    const parts = features.filter((column): column is NumericColumn =>
      column.storage === "numeric" && column.type === "number"
    ).slice(0, MAX_COLUMNS).map((column) => ({ column, values: valuesAt(column, rows) }));
    const found = findPair(parts, y, spread) ?? findSum(parts, y, spread);
    if (!found) return [];
    const columns = found.parts.map(({ column }) => column.name);
    return [{
      severity: "error",
      columns,
      message: `"${target.name}" is exactly ${found.text}.`,
      evidence: { formula: found.text, rows_compared: rows.length },
      hint:
        `If its parts are known when "${target.name}" is to be predicted, no model is needed; if not, exclude them.`,
    }];
  },
};

/** Of most values: one that is far off would hide every difference. */
function spreadOf(y: Float64Array): number {
  const sorted = y.slice().sort();
  return sorted[Math.floor(y.length * 0.9)] - sorted[Math.floor(y.length * 0.1)];
}

function findPair(parts: readonly Part[], y: Float64Array, spread: number): Formula | null {
  for (const [i, a] of parts.entries()) {
    for (const [j, b] of parts.entries()) {
      if (i === j) continue;
      for (const [sign, isSymmetric, compute] of OPERATIONS) {
        if (isSymmetric && i > j) continue;
        if (!isEqual(y, [a, b], spread, (row) => compute(a.values[row], b.values[row]))) continue;
        return { parts: [a, b], text: `"${a.column.name}" ${sign} "${b.column.name}"` };
      }
    }
  }
  return null;
}

/** By least squares over all columns: those with a weight of 1 or -1 are the parts, if the others have none. */
function findSum(parts: readonly Part[], y: Float64Array, spread: number): Formula | null {
  const rows = Uint32Array.from(y.keys()).filter((row) =>
    parts.every(({ values }) => Number.isFinite(values[row]))
  );
  const usable = parts.filter(({ values }) => rows.some((row) => values[row] !== values[rows[0]]));
  if (rows.length < Math.max(MIN_ROWS, 2 * usable.length)) return null;
  const weights = leastSquares(usable.map(({ values }) => values), y, rows);
  const taken = usable.filter((_, k) => Math.abs(Math.abs(weights[k]) - 1) < 0.01);
  if (taken.length < 3) return null;
  const signs = usable.flatMap((_, k) =>
    Math.abs(Math.abs(weights[k]) - 1) < 0.01 ? [Math.sign(weights[k])] : []
  );
  const sum = (row: number) => taken.reduce((total, { values }, k) => total + signs[k] * values[row], 0);
  if (!isEqual(y, taken, spread, sum)) return null;
  const text = taken.map(({ column }, k) => `${signs[k] < 0 ? "- " : k > 0 ? "+ " : ""}"${column.name}"`)
    .join(" ");
  return { parts: taken, text };
}

/** Weights on centred and scaled columns, with a trace of ridge for those that depend on each other. */
function leastSquares(columns: readonly Float64Array[], y: Float64Array, rows: Uint32Array): number[] {
  const scales: number[] = [];
  const centred = [...columns, y].map((values, k) => {
    const mean = rows.reduce((sum, row) => sum + values[row], 0) / rows.length;
    const part = Float64Array.from(rows, (row) => values[row] - mean);
    scales[k] = Math.sqrt(part.reduce((sum, value) => sum + value * value, 0)) || 1;
    return part.map((value) => value / scales[k]);
  });
  const target = centred.pop()!;
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const n = centred.length;
  const system = centred.map((a, i) => [
    ...centred.map((b, j) => dot(a, b) + (i === j ? 1e-9 : 0)),
    dot(a, target),
  ]);
  for (let i = 0; i < n; i++) {
    for (let k = i + 1; k < n; k++) {
      const factor = system[k][i] / system[i][i];
      for (let j = i; j <= n; j++) system[k][j] -= factor * system[i][j];
    }
  }
  const weights = new Array<number>(n);
  for (let i = n - 1; i >= 0; i--) {
    let rest = system[i][n];
    for (let j = i + 1; j < n; j++) rest -= system[i][j] * weights[j];
    weights[i] = rest / system[i][i];
  }
  return weights.map((weight, k) => weight * scales[n] / scales[k]);
}

function isEqual(
  y: Float64Array,
  parts: readonly Part[],
  spread: number,
  compute: (row: number) => number,
): boolean {
  let rows = 0;
  for (let row = 0; row < y.length; row++) {
    if (parts.some(({ values }) => Number.isNaN(values[row]))) continue;
    // Also false for infinity.
    if (!(Math.abs(compute(row) - y[row]) <= NEAR * spread)) return false;
    rows++;
  }
  if (rows < Math.max(MIN_ROWS, y.length / 2)) return false;
  return parts.every(({ values }) =>
    y.some((value, row) => Math.abs(value - values[row]) > MATTERS * spread)
  );
}
