/** One card a column. */
import { escapeHtml } from "@/shared/escape_html.ts";
import type { ColumnProfile, Histogram } from "../column_profile.ts";
import type { FeatureRelation } from "../relations.ts";
import { shortValue } from "../short_value.ts";
import { bar, binNames, histogramPlot, plainBar, quantileStrip } from "./charts.ts";
import { facts, percent, valueHtml, whole } from "./text.ts";

export interface CardContext {
  rows: number;
  /** Where the table has it; from 0. */
  place: number;
  /** Classes that the plots are split by; none: they are not. */
  labels: readonly string[];
  relation?: FeatureRelation;
  is_target: boolean;
}

export function columnCard(column: ColumnProfile, context: CardContext): string {
  const { rows, place, relation, is_target } = context;
  const name = escapeHtml(column.name);
  const about = [
    column.missing > 0 ? `${percent(column.missing_share)} missing` : null,
    `${column.estimated ? "about " : ""}${whole(column.distinct)} distinct`,
    relation ? `tells ${percent(relation.share)} of the target` : null,
  ].filter((part) => part !== null).join(" · ");
  const data =
    `data-place="${place}" data-name="${name}" data-type="${column.type}" data-missing="${column.missing}" ` +
    `data-distinct="${column.distinct}" data-share="${relation?.share ?? -1}"`;
  return `<article class="card" ${data}>
<h3>${name} <span class="type">${column.type}</span>${
    is_target ? ' <span class="type mark">target</span>' : ""
  }</h3>
<p class="soft">${about}</p>
${
    plainBar(rows - column.missing, Math.max(1, rows), `${whole(rows - column.missing)} rows with a value`)
      .replace(
        'class="bar"',
        'class="bar thin"',
      )
  }
${plotOf(column, context)}${topOf(column, context)}${lengthsPlot(column)}${numbersOf(column, relation)}${
    examplesOf(column)
  }
</article>`;
}

function plotOf(column: ColumnProfile, { labels }: CardContext): string {
  const { histogram, by_class } = column;
  if (!histogram) return column.distinct === 0 ? '<p class="soft">No values.</p>' : "";
  const isDate = column.type === "date";
  const names = binNames(histogram, isDate);
  const split = by_class !== undefined;
  const [min, max] = [shortValue(column.min!), shortValue(column.max!)];
  const label = `Histogram of ${column.name}, ${min} to ${max}, ${histogram.counts.length} bins`;
  return `<figure>${
    histogramPlot(histogram, names, by_class ?? [histogram.counts], split ? labels : [], label)
  }${quantileStrip(column)}<div class="axis" aria-hidden="true"><span>${escapeHtml(min)}</span><span>${
    escapeHtml(max)
  }</span></div></figure>${binTable(histogram, names, split ? by_class : undefined, labels)}`;
}

function binTable(
  { counts }: Histogram,
  names: readonly string[],
  by_class: readonly (readonly number[])[] | undefined,
  labels: readonly string[],
): string {
  const heads = by_class ? labels.map((label) => `<th scope="col">${escapeHtml(label)}</th>`).join("") : "";
  const lines = counts.map((count, bin) =>
    `<tr><th scope="row">${escapeHtml(names[bin])}</th><td>${whole(count)}</td>${
      by_class ? by_class.map((layer) => `<td>${whole(layer[bin])}</td>`).join("") : ""
    }</tr>`
  );
  return `<details><summary>Histogram as a table</summary><div class="scroll" tabindex="0"><table><tr><th scope="col">values</th>` +
    `<th scope="col">rows</th>${heads}</tr>${lines.join("")}</table></div></details>`;
}

function topOf(
  { top_values, by_class, histogram, distinct }: ColumnProfile,
  { rows, labels }: CardContext,
): string {
  // A histogram with a bar a value says as much; of many values the most frequent say little.
  if (
    !top_values || (histogram && (distinct <= histogram.counts.length || top_values[0].count * 100 < rows))
  ) return "";
  // Of numbers the histogram shows the classes.
  const split = by_class && !histogram ? by_class : undefined;
  const largest = top_values[0].count;
  const lines = top_values.map(({ value, count }, i) => {
    // Rows without a class are in no piece.
    const pieces = split?.map((layer) => layer[i]);
    const title = split ? split.map((layer, k) => `${labels[k]}: ${layer[i]}`).join("; ") : "";
    return `<li><span>${valueHtml(value)}</span>${
      pieces ? bar(pieces, largest, title) : plainBar(count, largest)
    }<span>${whole(count)} (${percent(count / rows)})</span></li>`;
  });
  const more = distinct - top_values.length;
  const rest = more > 0 && !histogram ? `<p class="soft">and ${whole(more)} more values</p>` : "";
  const heading = histogram ? "<h4>Most frequent</h4>" : "";
  return `${heading}<ul class="bars">${lines.join("")}</ul>${rest}`;
}

function lengthsPlot({ name, lengths }: ColumnProfile): string {
  if (!lengths) return "";
  const names = binNames(lengths.histogram, false);
  const label = `Lengths of ${name}, ${lengths.min} to ${lengths.max} characters`;
  return `<h4>Length in characters</h4><figure>${
    histogramPlot(lengths.histogram, names, [lengths.histogram.counts], [], label, true)
  }</figure>${
    facts([
      ["shortest", whole(lengths.min)],
      ["median", valueHtml(lengths.p50)],
      ["mean", valueHtml(lengths.mean)],
      ["longest", whole(lengths.max)],
      ["words, mean", valueHtml(lengths.words)],
    ])
  }`;
}

function numbersOf(column: ColumnProfile, relation: FeatureRelation | undefined): string {
  const q = column.quantiles;
  const row = (name: string, value: number | string | undefined) =>
    value === undefined ? null : [name, valueHtml(value)] as const;
  const shown = [
    row("min", column.min),
    row("5 %", q?.p5),
    row("25 %", q?.p25),
    row("median", q?.p50),
    row("75 %", q?.p75),
    row("95 %", q?.p95),
    row("max", column.max),
    row("mean", column.mean),
    row("std", column.std),
    row("skew", column.skew),
    row("zeros", column.zeros),
    row("negative", column.negatives),
    row("infinite", column.infinite),
    row("Pearson", relation?.pearson),
    row("Spearman", relation?.spearman),
  ];
  return shown.some((one) => one !== null) ? facts(shown) : "";
}

function examplesOf({ examples }: ColumnProfile): string {
  if (examples.length === 0) return "";
  const items = examples.map((value) => `<li>${escapeHtml(value)}</li>`).join("");
  return `<details><summary>Examples</summary><ul>${items}</ul></details>`;
}
