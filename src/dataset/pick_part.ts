/** Which table of a file that holds several. */
import { AppError } from "@/shared/errors.ts";

/**
 * @param kind what the parts are called: "table", "sheet"
 * @param wanted the part that was asked for; without it the only one is taken
 * @throws AppError not_found or invalid_argument, naming the parts there are
 */
export function pickPart(kind: string, parts: readonly string[], wanted: string | undefined): string {
  const hint = `It has ${parts.slice(0, 30).join(", ") || "none"}.`;
  if (wanted !== undefined && wanted !== "") {
    const found = parts.find((part) => part === wanted) ??
      parts.find((part) => part.toLowerCase() === wanted.toLowerCase());
    if (found !== undefined) return found;
    throw new AppError("not_found", `Cannot read the table: there is no ${kind} "${wanted}" in it`, { hint });
  }
  if (parts.length === 1) return parts[0];
  if (parts.length === 0) {
    throw new AppError("invalid_argument", `Cannot read the table: it has no ${kind}`, {
      hint: "Choose another file.",
    });
  }
  throw new AppError("invalid_argument", `Cannot read the table: it has ${parts.length} ${kind}s`, {
    hint: `Name one behind a #, as in FILE#${parts[0]}. ${hint}`,
  });
}
