/** The classes of a target, as colours of a plot: the largest few, and the rest as one. */
import { type Column, isMissing } from "../table.ts";
import { countValues } from "../task.ts";

const MOST_SHOWN = 6;

export interface ShownClasses {
  /** The largest first; the last one may stand for all others. */
  labels: string[];
  /** One a row: which label, or -1 where the target is missing. */
  codes: Int32Array;
}

export function shownClasses(target: Column): ShownClasses {
  const bySize = [...countValues(target)].sort((a, b) => b[1] - a[1]).map(([value]) => value);
  const some = bySize.length > MOST_SHOWN ? bySize.slice(0, MOST_SHOWN - 1) : bySize;
  const labels = some.map(String);
  if (some.length < bySize.length) labels.push(`${bySize.length - some.length} others`);
  const codeOf = new Map(some.map((value, code) => [value, code]));
  const rows = (target.storage === "numeric" ? target.values : target.codes).length;
  const codes = Int32Array.from({ length: rows }, (_, row) => {
    if (isMissing(target, row)) return -1;
    const value = target.storage === "numeric" ? target.values[row] : target.categories[target.codes[row]];
    return codeOf.get(value) ?? labels.length - 1;
  });
  return { labels, codes };
}
