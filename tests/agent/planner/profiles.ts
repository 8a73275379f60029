/** Profiles as profile_dataset gives them, for tests of the planner. */
import type { ColumnProfile, Profile } from "../../../agent/tool_results.ts";

export function number(name: string, distinct: number, more: Partial<ColumnProfile> = {}): ColumnProfile {
  const [min, max] = [Number(more.min ?? 0.5), Number(more.max ?? 99.5)];
  const middle = (min + max) / 2;
  return {
    name,
    type: "number",
    missing: 0,
    distinct,
    min,
    max,
    mean: middle,
    quantiles: { p50: middle },
    examples: [min, max],
    ...more,
  };
}

/** Whole numbers from `from`, one after the other. */
export function whole(name: string, distinct: number, from = 0, type = "number"): ColumnProfile {
  const max = from + distinct - 1;
  return number(name, distinct, {
    type,
    min: from,
    max,
    quantiles: { p50: from + Math.floor(distinct / 2) },
  });
}

export function words(name: string, counts: Record<string, number>, type = "category"): ColumnProfile {
  const top_values = Object.entries(counts).map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count).slice(0, 10);
  return {
    name,
    type,
    missing: 0,
    distinct: Object.keys(counts).length,
    top_values,
    examples: Object.keys(counts).slice(0, 5),
  };
}

export function unique(name: string, rows: number, type = "identifier"): ColumnProfile {
  return {
    name,
    type,
    missing: 0,
    distinct: rows,
    top_values: [{ value: "a", count: 1 }],
    examples: ["a", "b"],
  };
}

export function profile(rows: number, ...column_profiles: ColumnProfile[]): Profile {
  return { rows, columns: column_profiles.length, column_profiles };
}

export const PENGUINS = profile(
  344,
  words("species", { Adelie: 152, Gentoo: 124, Chinstrap: 68 }),
  words("island", { Biscoe: 168, Dream: 124, Torgersen: 52 }),
  number("bill_length_mm", 164),
  number("bill_depth_mm", 80),
  whole("flipper_length_mm", 55, 172),
  whole("body_mass_g", 94, 2700),
  words("sex", { male: 168, female: 165 }),
  whole("year", 3, 2007),
);

export const CHURN = profile(
  10_000,
  unique("customer_id", 10_000),
  unique("Surname", 2932, "text"),
  words("Geography", { France: 5014, Germany: 2509, Spain: 2477 }),
  whole("Age", 70, 18),
  number("Balance", 6382),
  whole("Exited", 2),
);

export const HOUSES = profile(
  20_640,
  number("longitude", 844),
  number("latitude", 862),
  whole("housing_median_age", 52, 1),
  whole("total_rooms", 5926, 2),
  whole("households", 1815, 1),
  number("median_income", 12_928),
  whole("median_house_value", 3842, 14_999),
  words("ocean_proximity", {
    "<1H OCEAN": 9136,
    INLAND: 6551,
    "NEAR OCEAN": 2658,
    "NEAR BAY": 2290,
    ISLAND: 5,
  }),
);

export const TITANIC = profile(
  1309,
  whole("passenger_id", 1309, 1, "identifier"),
  words("pclass", { "3": 709, "1": 323, "2": 277 }),
  unique("name", 1307, "text"),
  words("sex", { male: 843, female: 466 }),
  number("age", 98),
  number("fare", 281),
  whole("survived", 2),
);

export const WINE = profile(
  1599,
  number("fixed acidity", 96),
  number("alcohol", 65),
  number("pH", 89),
  whole("quality", 6, 3),
);

export const FRAUD = profile(
  5000,
  number("amount", 4000),
  words("country", { DE: 3000, FR: 2000 }),
  words("is_fraud", { no: 4900, yes: 100 }),
);

export const NUMBERS = profile(500, number("f1", 500), number("f2", 500), number("target", 500));

export const PRICES = profile(40, whole("area", 38, 50), whole("price", 40, 100_000, "identifier"));

export const LETTERS = profile(100, number("x", 90), number("y", 95), words("class", { a: 50, b: 50 }));
