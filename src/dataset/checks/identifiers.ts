/** Columns that name rows instead of telling something about them. */
import type { Column } from "../table.ts";
import type { Check, Found, Subject } from "./finding.ts";

const MIN_ROWS = 50;
const NEARLY_ALL = 0.9;

export const identifiers: Check = {
  name: "identifier",
  title: "A column names the rows: (nearly) every row has another value.",
  severity: "warning when it is a feature; info when it is left out by itself",
  remedy: "Exclude it, or leave it out of the features.",
  find({ table, columns, features, wanted }) {
    const isFeature = new Set(features);
    return columns.flatMap((column): Found[] => {
      const isNearlyUnique = isFeature.has(column) && namesRows(column, table.rows);
      if (column.type !== "identifier" && !isNearlyUnique) return [];
      return [{
        severity: isFeature.has(column) ? "warning" : "info",
        columns: [column.name],
        message: `"${column.name}" names the rows: (nearly) every row has another value.`,
        evidence: { type: column.type, rows: table.rows },
        hint: !isFeature.has(column)
          ? "It is left out by itself."
          : wanted.has(column.name)
          ? `A model learns names by heart: take "${column.name}" out of the features.`
          : `A model learns names by heart: exclude "${column.name}".`,
      }];
    });
  },
};

function namesRows(column: Column, rows: Subject["table"]["rows"]): boolean {
  return column.storage === "coded" && rows >= MIN_ROWS && column.categories.length > NEARLY_ALL * rows;
}
