/** Names made from content: the same value gives the same hash on every machine. */
import { createHash } from "node:crypto";
import { AppError } from "./errors.ts";

/** SHA-256 as 64 lower-case hex digits. Source: FIPS 180-4. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * JSON with sorted keys and no spaces: equal values give equal text. As in JSON.stringify, fields that are
 * undefined are left out and `toJSON` is obeyed.
 *
 * Source: RFC 8785 (keys in UTF-16 order, numbers and strings as JSON.stringify writes them).
 * @throws AppError invalid_argument for NaN and Infinity, which JSON can't say
 */
export function canonicalJson(value: unknown): string {
  return write(value, "$") ?? "null";
}

function write(value: unknown, where: string): string | undefined {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new AppError("invalid_argument", `Cannot write ${where} as JSON: it is ${value}`, {
      hint: "Use null or leave the field out.",
    });
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if ("toJSON" in value && typeof value.toJSON === "function") return write(value.toJSON(), where);
  if (Array.isArray(value)) {
    return `[${value.map((item, i) => write(item, `${where}[${i}]`) ?? "null").join(",")}]`;
  }
  const fields: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const text = write((value as Record<string, unknown>)[key], `${where}.${key}`);
    if (text !== undefined) fields.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${fields.join(",")}}`;
}
