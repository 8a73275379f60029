/** Columns that say the same in every row, also by other names for the same values. */
import { cellOf, type Column, isMissing } from "../table.ts";
import type { Check, Found, Subject } from "./finding.ts";

export const duplicateColumns: Check = {
  name: "duplicate_column",
  title: "Two columns say the same in every row, also with other names for the same values.",
  severity: "info",
  remedy: "Exclude one of them: importances are shared out between them otherwise.",
  find({ features, sample }) {
    const byKey = new Map<string, { column: Column; places: Int32Array }[]>();
    return features.flatMap((column): Found[] => {
      const { places, sign, distinct } = firstPlaces(column, sample);
      if (distinct < 2) return [];
      // What hardly repeats has nothing to be renamed: it must be the same values.
      const repeats = distinct <= sample.length / 2;
      const key = repeats ? `${sign}` : firstValues(column, sample);
      const known = byKey.get(key) ?? [];
      byKey.set(key, known);
      const twin = known.find((other) =>
        other.places.every((place, i) => place === places[i]) &&
        (repeats || isSame(other.column, column, sample))
      );
      if (!twin) {
        known.push({ column, places });
        return [];
      }
      return [{
        severity: "info",
        columns: [twin.column.name, column.name],
        message: `"${column.name}" says the same as "${twin.column.name}" in every row.`,
        evidence: { rows_compared: sample.length, distinct },
        hint: `One of them is enough: exclude "${column.name}".`,
      }];
    });
  },
};

/** Each value as the number of different values before it: equal for columns that are renamed copies. */
function firstPlaces(column: Column, sample: Subject["sample"]) {
  const source = column.storage === "numeric" ? column.values : column.codes;
  const known = new Map<number, number>();
  const places = new Int32Array(sample.length);
  let sign = 0;
  for (let i = 0; i < sample.length; i++) {
    let place = -1;
    if (!isMissing(column, sample[i])) {
      const value = source[sample[i]];
      place = known.get(value) ?? known.size;
      if (place === known.size) known.set(value, place);
    }
    places[i] = place;
    sign = Math.imul(sign ^ place, 0x9e3779b1) ^ (sign >>> 15);
  }
  return { places, sign, distinct: known.size };
}

function firstValues(column: Column, sample: Subject["sample"]): string {
  return Array.from(sample.subarray(0, 20), (row) => cellOf(column, row)).join(" ");
}

function isSame(a: Column, b: Column, sample: Subject["sample"]): boolean {
  if (a.storage === "numeric" && b.storage === "numeric") {
    return sample.every((row) => a.values[row] === b.values[row] || isMissing(a, row));
  }
  return a.storage === "coded" && b.storage === "coded" &&
    sample.every((row) => a.categories[a.codes[row]] === b.categories[b.codes[row]]);
}
