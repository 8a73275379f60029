/** What tells of the target, and which columns go together. */
import { escapeHtml } from "@/shared/escape_html.ts";
import type { Matrix } from "../pairs.ts";
import type { TableProfile } from "../profile.ts";
import { plainBar } from "./charts.ts";
import { percent, whole } from "./text.ts";

const SHOWN_FEATURES = 30;
const SHOWN_PAIRS = 20;
/** Up to so many columns, the cells of a heat map say their value. */
const READABLE = 14;

export function featuresSection({ relations, target, rows }: TableProfile): string {
  const features = relations.features;
  if (!features || !target || features.length === 0) return "";
  const largest = Math.max(0.1, features[0].share);
  const lines = features.slice(0, SHOWN_FEATURES).map(({ column, share, spearman }) =>
    `<li><span>${escapeHtml(column)}</span>${plainBar(share, largest)}<span>${percent(share)}${
      spearman === undefined ? "" : ` <small class="soft">ρ ${spearman.toFixed(2)}</small>`
    }</span></li>`
  );
  const more = features.length - SHOWN_FEATURES;
  return `<section id="features" aria-labelledby="features-title"><h2 id="features-title">What tells of ${
    escapeHtml(target.name)
  }</h2>
<p class="soft">Mutual information of each column by itself with the target, as a share of all there is to know of it, less what chance seems to tell${
    features.some(({ spearman }) => spearman !== undefined) ? "; ρ is Spearman's correlation" : ""
  }; ${overRows(relations.feature_rows ?? relations.rows, rows - target.missing)}</p>
<ul class="bars wide">${lines.join("")}</ul>${
    more > 0 ? `<p class="soft">and ${whole(more)} more columns</p>` : ""
  }</section>`;
}

export function pairsSection({ relations, rows }: TableProfile): string {
  const { pairs, numbers, categories } = relations;
  if (pairs.length === 0) return "";
  const lines = pairs.slice(0, SHOWN_PAIRS).map(({ a, b, pearson, spearman, cramers_v }) =>
    `<tr><td>${escapeHtml(a)}</td><td>${escapeHtml(b)}</td><td>${cell(pearson)}</td><td>${
      cell(spearman)
    }</td><td>${cell(cramers_v)}</td></tr>`
  );
  return `<section id="pairs" aria-labelledby="pairs-title"><h2 id="pairs-title">Columns that go together</h2>
<p class="soft">${whole(relations.columns)} columns, ${overRows(relations.rows, rows)}</p>
${numbers ? heatMap("Pearson's correlation of numbers", numbers) : ""}${
    categories ? heatMap("Cramér's V of categories", categories) : ""
  }<h3>The closest pairs</h3><div class="scroll" tabindex="0" role="group" aria-label="The closest pairs"><table class="pairs">
<tr><th scope="col">column</th><th scope="col">column</th><th scope="col">Pearson</th><th scope="col">Spearman</th><th scope="col">Cramér's V</th></tr>
${lines.join("\n")}</table></div></section>`;
}

function overRows(used: number, all: number): string {
  return used < all
    ? `over ${whole(used)} of ${whole(all)} rows, at even distances.`
    : `over ${whole(used)} rows.`;
}

function cell(value: number | undefined): string {
  return value === undefined ? "" : value.toFixed(2);
}

/** A table whose cells are coloured, so that it can be read without seeing the colours. */
function heatMap(title: string, { columns, values }: Matrix): string {
  const readable = columns.length <= READABLE;
  const heads = columns.map((name) => `<th scope="col"><span>${escapeHtml(short(name))}</span></th>`).join(
    "",
  );
  const lines = values.map((row, i) =>
    `<tr><th scope="row" title="${escapeHtml(columns[i])}">${escapeHtml(short(columns[i]))}</th>${
      row.map((value, j) => heatCell(value, readable, `${columns[i]}, ${columns[j]}`)).join("")
    }</tr>`
  );
  return `<h3>${title}</h3><div class="scroll" tabindex="0" role="group" aria-label="${
    escapeHtml(title)
  }"><table class="heat${readable ? "" : " dense"}"><tr><td></td>${heads}</tr>${
    lines.join("")
  }</table></div>`;
}

function heatCell(value: number | null, readable: boolean, where: string): string {
  if (value === null) return `<td title="${escapeHtml(where)}: not defined"></td>`;
  const level = Math.round(Math.abs(value) * 10);
  const text = value.toFixed(2);
  const shade = `${value < 0 ? "n" : "p"}${level}`;
  const shown = readable ? text : `<span class="hidden">${text}</span>`;
  const title = readable ? "" : ` title="${escapeHtml(where)}: ${text}"`;
  return `<td class="${shade}"${title}>${shown}</td>`;
}

/** Names that begin alike differ at the end. */
function short(name: string): string {
  return name.length > 24 ? `${name.slice(0, 10)}…${name.slice(-13)}` : name;
}
