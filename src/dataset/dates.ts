/**
 * Dates from text. All values of a column must be of one form, so that 03/04/2020 is read like its neighbours.
 *
 * Source: ISO 8601 (and RFC 3339 with a blank for T); the day-first and month-first forms of spreadsheets.
 * Without an offset a time counts as UTC.
 */

const TIME =
  /(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?([ap]m))? ?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$/i
    .source;

/** How the three numbers of a day stand. */
export type DateOrder = "ymd" | "dmy" | "mdy";

/** Text forms; the groups are three numbers of the day (the third may be missing), then those of TIME. */
const FORMS: readonly { pattern: RegExp; orders: readonly DateOrder[] }[] = [
  { pattern: new RegExp(`^(\\d{4})-(\\d{1,2})(?:-(\\d{1,2}))?${TIME}`, "i"), orders: ["ymd"] },
  { pattern: new RegExp(`^(\\d{4})/(\\d{1,2})/(\\d{1,2})${TIME}`, "i"), orders: ["ymd"] },
  { pattern: new RegExp(`^(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})${TIME}`, "i"), orders: ["dmy"] },
  // Month first where every value allows both, as pandas does. Years of two digits are 1969 to 2068 (POSIX).
  { pattern: new RegExp(`^(\\d{1,2})/(\\d{1,2})/(\\d{4}|\\d{2})${TIME}`, "i"), orders: ["mdy", "dmy"] },
  { pattern: new RegExp(`^(\\d{1,2})-(\\d{1,2})-(\\d{4})${TIME}`, "i"), orders: ["mdy", "dmy"] },
];

/**
 * Milliseconds since 1970 UTC of each text and their order, or undefined when they are not all dates of one form.
 * @param texts distinct values, at least one
 */
export function parseDates(
  texts: readonly string[],
): { values: Float64Array; order: DateOrder } | undefined {
  for (const { pattern, orders } of FORMS) {
    if (texts.length === 0 || !pattern.test(texts[0])) continue;
    for (const order of orders) {
      const values = parseAll(texts, pattern, order);
      if (values) return { values, order };
    }
  }
  return undefined;
}

/**
 * One date in any form of that order, or year first, which can't be misread. Milliseconds since 1970 UTC; NaN for
 * other text.
 */
export function parseDate(text: string, order: DateOrder): number {
  for (const { pattern, orders } of FORMS) {
    const found = orders.includes("ymd") || orders.includes(order) ? pattern.exec(text) : null;
    if (found) return toMilliseconds(found, orders.includes("ymd") ? "ymd" : order);
  }
  return NaN;
}

function parseAll(texts: readonly string[], pattern: RegExp, order: DateOrder): Float64Array | undefined {
  const dates = new Float64Array(texts.length);
  for (let i = 0; i < texts.length; i++) {
    const found = pattern.exec(texts[i]);
    const ms = found ? toMilliseconds(found, order) : NaN;
    if (Number.isNaN(ms)) return undefined;
    dates[i] = ms;
  }
  return dates;
}

function toMilliseconds(found: RegExpExecArray, order: DateOrder): number {
  const [first, second, third] = [found[1], found[2], found[3] ?? "1"].map(Number);
  const [given, month, day] = order === "ymd"
    ? [first, second, third]
    : order === "dmy"
    ? [third, second, first]
    : [third, first, second];
  const hasShortYear = order !== "ymd" && found[3].length === 2;
  const year = hasShortYear ? given + (given < 69 ? 2000 : 1900) : given;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return NaN;
  return date.getTime() + timeOfDay(found);
}

function timeOfDay(found: RegExpExecArray): number {
  if (found[4] === undefined) return 0;
  let hour = Number(found[4]);
  const minute = Number(found[5]);
  const second = Number(found[6] ?? 0);
  const fraction = Math.floor(Number(`0.${found[7] ?? 0}`) * 1000 + 1e-6);
  const half = found[8]?.toLowerCase();
  if (half) {
    if (hour < 1 || hour > 12) return NaN;
    hour = (hour % 12) + (half === "pm" ? 12 : 0);
  }
  // 60 is a leap second; 24:00 is the end of the day.
  if (hour > 24 || minute > 59 || second > 60 || (hour === 24 && minute + second > 0)) return NaN;
  return ((hour * 60 + minute) * 60 + second) * 1000 + fraction - offsetOf(found[9]);
}

/** An offset such as +02:00, in milliseconds. */
function offsetOf(zone: string | undefined): number {
  const found = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone ?? "");
  if (!found) return 0;
  const minutes = Number(found[2]) * 60 + Number(found[3] ?? 0);
  return (found[1] === "-" ? -1 : 1) * minutes * 60_000;
}
