/** Dictionaries as `table.ts` promises them: only values that occur, in order of first appearance. */
import type { CodedColumn } from "./table.ts";

/** The column with such a dictionary; itself when it has one. Other rows may have been left out before. */
export function withUsedCategories<C extends CodedColumn>(column: C): C {
  const { codes, categories } = column;
  const newCode = new Int32Array(categories.length).fill(-1);
  let used = 0;
  let isSame = true;
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row];
    if (code < 0 || newCode[code] >= 0) continue;
    isSame &&= code === used;
    newCode[code] = used++;
  }
  if (isSame && used === categories.length) return column;
  const kept = new Array<string>(used);
  for (let code = 0; code < categories.length; code++) {
    if (newCode[code] >= 0) kept[newCode[code]] = categories[code];
  }
  return { ...column, codes: codes.map((code) => code < 0 ? -1 : newCode[code]), categories: kept };
}
