/** Rows of text in columns of equal width; numbers stand to the right. */
export function table(
  rows: readonly (readonly string[])[],
  options: { indent?: string; right?: readonly number[] } = {},
): string {
  const width = (text: string) => [...text].length;
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? "")))) ?? [];
  return rows.map((row) =>
    (options.indent ?? "") + row.map((cell, column) => {
      const gap = " ".repeat(widths[column] - width(cell));
      return options.right?.includes(column) ? gap + cell : cell + gap;
    }).join("  ").trimEnd()
  ).join("\n");
}
