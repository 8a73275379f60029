/** Values as a person reads them: five digits are enough. */
import type { Value } from "./column_profile.ts";

export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(5)));
}

/** A moment without its milliseconds. */
export function shortValue(value: Value): string {
  if (typeof value === "number") return shortNumber(value);
  return value.replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})\.\d{3}Z$/, "$1 $2");
}
