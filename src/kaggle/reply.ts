/**
 * Reading Kaggle's replies, which come in two styles: plain fields that are absent when unset, and the older
 * one in which a field `x` has the twins `hasX` and `xNullable`, and is `""` or 0 when unset.
 */

export type Reply = Record<string, unknown>;

export function isObject(value: unknown): value is Reply {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueOf(reply: Reply, name: string): unknown {
  const twin = reply[`${name}Nullable`];
  if (twin !== undefined && twin !== null) return twin;
  return reply[`has${name[0].toUpperCase()}${name.slice(1)}`] === false ? undefined : reply[name];
}

/** Undefined when the field is unset or of another kind. */
export function textIn(reply: Reply, name: string): string | undefined {
  const value = valueOf(reply, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A finite number, also one written as text (64-bit numbers sometimes are). */
export function numberIn(reply: Reply, name: string): number | undefined {
  const value = valueOf(reply, name);
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** The objects of a list; empty when there is none. */
export function objectsIn(reply: Reply, name: string): Reply[] {
  const value = valueOf(reply, name);
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textsIn(reply: Reply, name: string): string[] {
  const value = valueOf(reply, name);
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

/** ISO 8601 with milliseconds, whatever number of digits came (0 to 9); undefined when it is no time. */
export function timeIn(reply: Reply, name: string): string | undefined {
  const text = textIn(reply, name);
  if (!text) return undefined;
  const ms = Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
