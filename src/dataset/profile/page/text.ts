/** Numbers in words of the page. */
import { escapeHtml } from "@/shared/escape_html.ts";
import type { Value } from "../column_profile.ts";
import { shortValue } from "../short_value.ts";

export function whole(value: number): string {
  return value.toLocaleString("en");
}

export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value >= 9.95) return `${Math.round(value)} %`;
  return value < 0.1 ? "&lt;0.1 %" : `${value.toFixed(1)} %`;
}

export function valueHtml(value: Value): string {
  return escapeHtml(shortValue(value));
}

/** Rows of names and values. */
export function facts(rows: readonly (readonly [string, string] | null)[]): string {
  const shown = rows.filter((row) => row !== null);
  return `<dl>${shown.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join("")}</dl>`;
}
