/** Tables with one planted fault each, and what must be found of it. */
import type { CheckOptions } from "@/dataset/checks/checks.ts";
import type { Severity } from "@/dataset/checks/finding.ts";
import type { Column } from "@/dataset/table.ts";
import { Random } from "@/shared/random.ts";

const ROWS = 1200;

export function numbers(name: string, values: ArrayLike<number>): Column {
  return { name, storage: "numeric", type: "number", values: Float64Array.from(values) };
}

export function words(name: string, texts: readonly (string | null)[]): Column {
  const places = new Map<string, number>();
  const codes = Int32Array.from(texts, (text) => {
    if (text === null) return -1;
    if (!places.has(text)) places.set(text, places.size);
    return places.get(text)!;
  });
  return { name, storage: "coded", type: "category", codes, categories: [...places.keys()] };
}

const dayOf = (day: number) => new Date(1.6e12 + day * 864e5).toISOString().slice(0, 10);

/** Four numbers and a word, of which an amount and a class depend, with noise; nothing is wrong with it. */
export function honest(seed: number, rows = ROWS) {
  const random = new Random(seed);
  const draw = () => Float64Array.from({ length: rows }, () => random.normal());
  const [a, b, c, d, noise] = [draw(), draw(), draw(), draw(), draw()];
  const amount = a.map((value, i) => 3 * value + 2 * b[i] * c[i] + 2 * noise[i]);
  const label = Array.from(amount, (value) => value > 0 ? "yes" : "no");
  const columns = [
    numbers("a", a),
    numbers("b", b),
    numbers("c", c),
    numbers("d", d),
    words("kind", Array.from(a, () => ["x", "y", "z"][random.below(3)])),
  ];
  return { columns, amount, label, random, rows };
}

export interface Planted {
  what: string;
  check: string;
  severity: Severity;
  columns?: string[];
  /** Columns beside the honest ones, the target, and what else is asked for. */
  plant(
    base: ReturnType<typeof honest>,
  ): { columns?: Column[]; instead?: Column[]; target: Column; options?: CheckOptions };
}

/** A class that is at stake in most of them. */
const classes = (label: readonly string[]) => words("label", label);

export const PLANTED: readonly Planted[] = [
  {
    what: "the classes by other names",
    check: "target_copy",
    severity: "error",
    columns: ["outcome"],
    plant: ({ label }) => ({
      columns: [words("outcome", label.map((one) => one === "yes" ? "left" : "stayed"))],
      target: classes(label),
    }),
  },
  {
    what: "the classes as numbers, with holes",
    check: "target_copy",
    severity: "error",
    columns: ["code"],
    plant: ({ label, random }) => ({
      columns: [numbers("code", label.map((one) => random.float() < 0.2 ? NaN : one === "yes" ? 7 : 3))],
      target: classes(label),
    }),
  },
  {
    what: "the target in another currency",
    check: "target_copy",
    severity: "error",
    columns: ["amount_eur"],
    plant: ({ amount }) => ({
      columns: [numbers("amount_eur", amount.map((one) => one * 0.92))],
      target: numbers("amount", amount),
    }),
  },
  {
    what: "the logarithm of the target",
    check: "target_copy",
    severity: "error",
    columns: ["log_amount"],
    plant: ({ amount }) => {
      const least = Math.min(...amount);
      return {
        columns: [numbers("log_amount", amount.map((one) => Math.log(one - least + 1)))],
        target: numbers("amount", amount),
      };
    },
  },
  {
    what: "the classes with one row in a hundred and fifty changed",
    check: "target_leakage",
    severity: "error",
    columns: ["reviewed"],
    plant: ({ label }) => ({
      columns: [words("reviewed", label.map((one, i) => (i % 150 === 0) === (one === "yes") ? "r0" : "r1"))],
      target: classes(label),
    }),
  },
  {
    what: "two codes for each class",
    check: "target_leakage",
    severity: "error",
    columns: ["reason"],
    plant: ({ label, random }) => ({
      columns: [words("reason", label.map((one) => `${one}-${random.below(2)}`))],
      target: classes(label),
    }),
  },
  {
    what: "a fee that one class alone pays",
    check: "target_leakage",
    severity: "error",
    columns: ["late_fee"],
    plant: ({ label, random }) => ({
      columns: [numbers("late_fee", label.map((one) => one === "yes" ? 5 + random.float() * 90 : 0))],
      target: classes(label),
    }),
  },
  {
    what: "the target with a little noise",
    check: "target_leakage",
    severity: "error",
    columns: ["estimate"],
    plant: ({ amount, random }) => ({
      columns: [numbers("estimate", amount.map((one) => one + 0.15 * random.normal()))],
      target: numbers("amount", amount),
    }),
  },
  {
    what: "the target with more noise",
    check: "target_leakage",
    severity: "warning",
    columns: ["estimate"],
    plant: ({ amount, random }) => ({
      columns: [numbers("estimate", amount.map((one) => one + 0.5 * random.normal()))],
      target: numbers("amount", amount),
    }),
  },
  {
    what: "a date that only one class has",
    check: "known_afterwards",
    severity: "error",
    columns: ["cancelled"],
    plant: ({ label, random }) => ({
      columns: [words("cancelled", label.map((one) => one === "yes" ? dayOf(random.below(900)) : null))],
      target: classes(label),
    }),
  },
  {
    what: "a date that is later than the others for one class alone",
    check: "known_afterwards",
    severity: "error",
    columns: ["changed"],
    plant: ({ label, random }) => {
      const days = label.map(() => random.below(900));
      const shipped = days.map((day) => day + random.below(10));
      const changed = label.map((one, i) => one === "yes" ? shipped[i] + 1 + random.below(60) : days[i]);
      return {
        columns: [
          words("ordered", days.map(dayOf)),
          words("shipped", shipped.map(dayOf)),
          words("changed", changed.map(dayOf)),
        ],
        target: classes(label),
      };
    },
  },
  {
    what: "an amount that only some of one class have",
    check: "known_afterwards",
    severity: "warning",
    columns: ["refund"],
    plant: ({ label, random }) => ({
      columns: [
        numbers("refund", label.map((one) => one === "yes" && random.float() < 0.3 ? random.float() : NaN)),
      ],
      target: classes(label),
    }),
  },
  {
    what: "a date that only high targets have",
    check: "known_afterwards",
    severity: "error",
    columns: ["settled"],
    plant: ({ amount, random }) => ({
      columns: [
        words("settled", Array.from(amount, (one) => one > 2 ? dayOf(random.below(900)) : null)),
      ],
      target: numbers("amount", amount),
    }),
  },
  {
    what: "two parts of a total",
    check: "target_formula",
    severity: "error",
    columns: ["part_1", "part_2"],
    plant: ({ amount, random }) => {
      const part = amount.map(() => random.normal() * 4);
      return {
        columns: [numbers("part_1", part), numbers("part_2", amount.map((one, i) => one - part[i]))],
        target: numbers("amount", amount),
      };
    },
  },
  {
    what: "a price and a quantity",
    check: "target_formula",
    severity: "error",
    columns: ["price", "quantity"],
    plant: ({ random, rows }) => {
      const price = Float64Array.from({ length: rows }, () => 1 + random.float() * 20);
      const quantity = Float64Array.from({ length: rows }, () => 1 + random.below(9));
      return {
        columns: [numbers("price", price), numbers("quantity", quantity)],
        target: numbers("total", price.map((one, i) => Math.round(one * quantity[i] * 100) / 100)),
      };
    },
  },
  {
    what: "four quarters of a year",
    check: "target_formula",
    severity: "error",
    columns: ["q1", "q2", "q3", "q4"],
    plant: ({ random, rows }) => {
      const quarters = ["q1", "q2", "q3", "q4"].map((name) =>
        numbers(name, Array.from({ length: rows }, () => 5 + random.normal()))
      );
      const values = quarters.map((one) => one.storage === "numeric" ? one.values : new Float64Array());
      return {
        columns: quarters,
        target: numbers(
          "year_total",
          values[0].map((_, i) => values.reduce((sum, part) => sum + part[i], 0)),
        ),
      };
    },
  },
  {
    what: "a table that was copied below itself",
    check: "duplicate_rows",
    severity: "error",
    plant: ({ columns, label, rows }) => {
      const twice = Uint32Array.from({ length: rows }, (_, i) => i % (rows / 2));
      const again = (column: Column): Column =>
        column.storage === "numeric"
          ? { ...column, values: Float64Array.from(twice, (row) => column.values[row]) }
          : { ...column, codes: Int32Array.from(twice, (row) => column.codes[row]) };
      return { instead: columns.map(again), target: again(classes(label)) };
    },
  },
  {
    what: "a tenth of the rows twice",
    check: "duplicate_rows",
    severity: "warning",
    plant: ({ columns, label, rows }) => {
      const some = Uint32Array.from({ length: rows }, (_, i) => i % (rows * 0.9));
      const again = (column: Column): Column =>
        column.storage === "numeric"
          ? { ...column, values: Float64Array.from(some, (row) => column.values[row]) }
          : { ...column, codes: Int32Array.from(some, (row) => column.codes[row]) };
      return { instead: columns.map(again), target: again(classes(label)) };
    },
  },
  {
    what: "patients that are ill or well in all their rows",
    check: "group_leakage",
    severity: "error",
    columns: ["patient_id"],
    plant: ({ random, rows }) => {
      const ill = Array.from({ length: 120 }, () => random.float() < 0.4 ? "ill" : "well");
      const who = Array.from({ length: rows }, () => random.below(120));
      return {
        columns: [words("patient_id", who.map((one) => `P${one}`))],
        target: words("state", who.map((one) => ill[one])),
      };
    },
  },
  {
    what: "customers who spend alike",
    check: "group_leakage",
    severity: "warning",
    columns: ["customer"],
    plant: ({ random, rows }) => {
      const level = Array.from({ length: 200 }, () => random.normal() * 2);
      const who = Array.from({ length: rows }, () => random.below(200));
      return {
        columns: [numbers("customer", who)],
        target: numbers("spent", who.map((one) => level[one] + random.normal())),
      };
    },
  },
  {
    what: "a series in time",
    check: "time_order",
    severity: "warning",
    columns: ["day"],
    plant: ({ random, rows }) => {
      let level = 0;
      const price = Float64Array.from({ length: rows }, () => level += random.normal());
      return {
        columns: [words("day", Array.from(price, (_, i) => dayOf(i)))],
        target: numbers("price", price),
      };
    },
  },
  {
    what: "a class that fades away, in rows of mixed time",
    check: "time_order",
    severity: "warning",
    columns: ["seen"],
    plant: ({ random, rows }) => {
      const days = Array.from({ length: rows }, () => random.below(1000));
      return {
        columns: [words("seen", days.map(dayOf))],
        target: words("state", days.map((day) => random.float() < day / 1000 ? "new" : "old")),
      };
    },
  },
  {
    what: "a class of one in two hundred",
    check: "imbalance",
    severity: "warning",
    columns: ["label"],
    plant: ({ rows }) => ({
      target: classes(Array.from({ length: rows }, (_, i) => i % 200 ? "no" : "yes")),
    }),
  },
  {
    what: "thirty rows",
    check: "too_few_rows",
    severity: "warning",
    plant: ({ random }) => {
      const small = honest(random.below(1e6), 30);
      return { instead: small.columns, target: classes(small.label) };
    },
  },
  {
    what: "a class of three rows",
    check: "too_few_rows",
    severity: "warning",
    columns: ["label"],
    plant: ({ label }) => ({ target: classes(label.map((one, i) => i % 400 ? one : "maybe")) }),
  },
  {
    what: "a row number",
    check: "identifier",
    severity: "info",
    columns: ["order_id"],
    plant: ({ label }) => ({
      columns: [numbers("order_id", label.map((_, i) => 1000 + i))],
      target: classes(label),
    }),
  },
  {
    what: "a name for nearly every row among the features",
    check: "identifier",
    severity: "warning",
    columns: ["session"],
    plant: ({ label }) => ({
      columns: [words("session", label.map((_, i) => `s${Math.floor(i * 0.99)}`))],
      target: classes(label),
      options: { features: ["a", "b", "session"] },
    }),
  },
  {
    what: "a constant",
    check: "constant_column",
    severity: "info",
    columns: ["one"],
    plant: ({ label }) => ({ columns: [numbers("one", label.map(() => 1))], target: classes(label) }),
  },
  {
    what: "a column without a value",
    check: "constant_column",
    severity: "info",
    columns: ["empty"],
    plant: ({ label }) => ({ columns: [numbers("empty", label.map(() => NaN))], target: classes(label) }),
  },
  {
    what: "one column twice",
    check: "duplicate_column",
    severity: "info",
    columns: ["a", "a_again"],
    plant: ({ columns, label }) => ({
      columns: [{ ...columns[0], name: "a_again" }],
      target: classes(label),
    }),
  },
  {
    what: "one column by other names",
    check: "duplicate_column",
    severity: "info",
    columns: ["kind", "kind_code"],
    plant: ({ columns, label }) => ({
      columns: [numbers("kind_code", columns[4].storage === "coded" ? columns[4].codes : [])],
      target: classes(label),
    }),
  },
  {
    what: "numbers with a word among them",
    check: "mixed_types",
    severity: "warning",
    columns: ["income"],
    plant: ({ label, random }) => ({
      columns: [words("income", label.map((_, i) => i % 20 ? String(random.below(5000)) : "unknown"))],
      target: classes(label),
    }),
  },
  {
    what: "numbers with the sign of a currency",
    check: "mixed_types",
    severity: "warning",
    columns: ["income"],
    plant: ({ label, random }) => ({
      columns: [words("income", label.map(() => `$${1 + random.below(9)},${100 + random.below(900)}`))],
      target: classes(label),
    }),
  },
  {
    what: "kilograms and pounds",
    check: "mixed_units",
    severity: "warning",
    columns: ["weight"],
    plant: ({ label, random }) => ({
      columns: [words("weight", label.map((_, i) => `${50 + random.below(50)} ${i % 3 ? "kg" : "lb"}`))],
      target: classes(label),
    }),
  },
  {
    what: "metres and millimetres without a unit",
    check: "mixed_units",
    severity: "warning",
    columns: ["length"],
    plant: ({ label, random }) => ({
      columns: [numbers("length", label.map((_, i) => (1 + random.float()) * (i % 10 ? 1 : 1000)))],
      target: classes(label),
    }),
  },
  {
    what: "dates in two ways",
    check: "date_as_text",
    severity: "warning",
    columns: ["seen"],
    plant: ({ label }) => ({
      columns: [
        words("seen", label.map((_, i) => i % 2 ? `2024-01-${10 + i % 20}` : `${10 + i % 20}.02.2024`)),
      ],
      target: classes(label),
    }),
  },
  {
    what: "days written as numbers",
    check: "date_as_text",
    severity: "warning",
    columns: ["order_date"],
    plant: ({ label, random }) => ({
      columns: [numbers("order_date", label.map(() => Number(dayOf(random.below(900)).replaceAll("-", ""))))],
      target: classes(label),
    }),
  },
];
