/** Names of columns as the formats give them, made usable: none empty, none twice. */

/**
 * A nameless column is called "column_3" after its position; a name that occurs again gets ".1", ".2", as
 * pandas does it.
 */
export function uniqueNames(given: readonly string[]): string[] {
  const taken = new Set(given.filter((name) => name !== ""));
  const seen = new Set<string>();
  return given.map((name, k) => {
    let unique = name === "" ? `column_${k + 1}` : name;
    if (name === "" ? taken.has(unique) : seen.has(unique)) {
      const base = unique;
      for (let n = 1; taken.has(unique) || seen.has(unique); n++) unique = `${base}.${n}`;
    }
    seen.add(unique);
    return unique;
  });
}
