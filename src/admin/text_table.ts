/** Rows of text as aligned columns, the first row being the heads. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => [...row[column]].length)));
  return rows.map((row) =>
    row.map((cell, column) => cell + " ".repeat(widths[column] - [...cell].length)).join("  ").trimEnd()
  )
    .join("\n");
}
