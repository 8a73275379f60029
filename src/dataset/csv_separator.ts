/** Which byte separates the fields of delimited text. */
import { countFields } from "./csv_errors.ts";
import { skipBlankLines } from "./csv_scan.ts";

/** Comma, semicolon, tab, vertical bar; the earlier one wins a tie. */
const CANDIDATES = [44, 59, 9, 124];
const LINES = 50;

/**
 * The candidate that gives the most lines (of the first 50, quotes obeyed) as many fields as the header has,
 * then the one with the most fields. A comma when none occurs in the header: a table of one column.
 */
export function separatorOf(bytes: Uint8Array, start: number): number {
  let best = { separator: CANDIDATES[0], share: 0, fields: 1 };
  for (const separator of CANDIDATES) {
    const counts = fieldCounts(bytes, start, separator);
    const fields = counts[0];
    const share = counts.filter((count) => count === fields).length / counts.length;
    if (fields > 1 && (share > best.share || (share === best.share && fields > best.fields))) {
      best = { separator, share, fields };
    }
  }
  return best.separator;
}

function fieldCounts(bytes: Uint8Array, start: number, separator: number): number[] {
  const counts: number[] = [];
  for (let at = start; at < bytes.length && counts.length < LINES;) {
    const { fields, end } = countFields(bytes, at, separator);
    counts.push(fields);
    at = skipBlankLines(bytes, end, separator);
  }
  return counts;
}
