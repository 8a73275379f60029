/** Plots as SVG that stretches with the page; what they show is in their titles, and in tables beside them. */
import { escapeHtml } from "@/shared/escape_html.ts";
import type { ColumnProfile, Histogram, Value } from "../column_profile.ts";
import { shortNumber } from "../short_value.ts";

/** What each bin holds, in words: "3", "4 to 6", "1.5 to 2"; of dates as text again. */
export function binNames({ from, to, counts }: Histogram, isDate: boolean): string[] {
  const [start, end] = [numberOf(from, isDate), numberOf(to, isDate)];
  const edges = Array.from({ length: counts.length + 1 }, (_, i) => {
    return start * (1 - i / counts.length) + end * (i / counts.length);
  });
  // Edges between whole numbers.
  const whole = !isDate && Math.abs(start % 1) === 0.5 && Math.abs((end - start) / counts.length % 1) === 0;
  const show = (edge: number) => isDate && Math.abs(edge) <= 8.64e15 ? dayOf(edge) : shortNumber(edge);
  return counts.map((_, i) => {
    const [low, high] = whole ? [edges[i] + 0.5, edges[i + 1] - 0.5] : [edges[i], edges[i + 1]];
    return whole ? low === high ? String(low) : `${low} to ${high}` : `${show(low)} to ${show(high)}`;
  });
}

export function numberOf(value: Value, isDate: boolean): number {
  return isDate && typeof value === "string" && /-\d\d/.test(value) ? Date.parse(value) : Number(value);
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().replace(/:\d\d\.\d{3}Z$/, "").replace("T", " ").replace(" 00:00", "");
}

const HIGH = 100;

/**
 * @param layers rows of each class in each bin; they stand on one another
 * @param label what the plot shows, for those who can't see it
 */
export function histogramPlot(
  histogram: Histogram,
  names: readonly string[],
  layers: readonly (readonly number[])[],
  labels: readonly string[],
  label: string,
  plain = false,
): string {
  const highest = Math.max(1, ...histogram.counts);
  const bars = histogram.counts.flatMap((count, bin) => {
    let top = HIGH;
    const pieces = layers.map((layer, k) => {
      const height = layer[bin] / highest * HIGH;
      top -= height;
      return layer[bin] === 0
        ? ""
        : `<rect class="${plain ? "plain" : `k${k}`}" x="${bin}.04" y="${place(top)}" width=".92" height="${
          place(height)
        }"/>`;
    }).join("");
    const split = labels.length > 0 ? layers.map((layer, k) => `; ${labels[k]}: ${layer[bin]}`).join("") : "";
    const title = escapeHtml(`${names[bin]}: ${count} rows${split}`);
    return count === 0 ? [] : [
      `<g><title>${title}</title><rect class="hit" x="${bin}" y="0" width="1" height="${HIGH}"/>${pieces}</g>`,
    ];
  });
  return `<svg class="plot" role="img" aria-label="${
    escapeHtml(label)
  }" viewBox="0 0 ${histogram.counts.length} ${HIGH}" ` +
    `preserveAspectRatio="none">${bars.join("")}</svg>`;
}

/** Where most values lie, under the histogram: 5 to 95 %, the middle half, the median. */
export function quantileStrip({ quantiles, histogram, type }: ColumnProfile): string {
  if (!quantiles || !histogram) return "";
  const isDate = type === "date";
  const [from, to] = [numberOf(histogram.from, isDate), numberOf(histogram.to, isDate)];
  const at = (value: Value) => place((numberOf(value, isDate) / 4 - from / 4) / (to / 4 - from / 4) * 100);
  if (!(to > from)) return "";
  const box = (low: Value, high: Value, y: number, height: number) =>
    `<rect x="${at(low)}" y="${y}" width="${place(Math.max(0.4, at(high) - at(low)))}" height="${height}"/>`;
  const { p5, p25, p50, p75, p95 } = quantiles;
  return `<svg class="strip" aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none">${
    box(p5, p95, 4.5, 1)
  }${box(p25, p75, 2, 6)}<rect class="median" x="${at(p50)}" y="0" width=".7" height="10"/></svg>`;
}

/** A bar that is no class. */
export function plainBar(piece: number, whole: number, title = ""): string {
  return bar([piece], whole, title).replace('class="k0"', 'class="plain"');
}

/** One bar of at most the whole width; its pieces are the classes. */
export function bar(pieces: readonly number[], whole: number, title = ""): string {
  let x = 0;
  const rects = pieces.map((piece, k) => {
    const width = place(piece / whole * 100);
    const rect = piece > 0 ? `<rect class="k${k}" x="${place(x)}" y="0" width="${width}" height="10"/>` : "";
    x += piece / whole * 100;
    return rect;
  }).join("");
  const shown = title ? `<title>${escapeHtml(title)}</title>` : "";
  return `<svg class="bar" aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none">${shown}${rects}</svg>`;
}

function place(value: number): number {
  return Math.round(value * 100) / 100;
}

export function legend(labels: readonly string[]): string {
  const items = labels.map((label, k) =>
    `<li><svg class="key" aria-hidden="true" viewBox="0 0 1 1"><rect class="k${k}" width="1" height="1"/></svg>${
      escapeHtml(label)
    }</li>`
  );
  return `<ul class="legend" aria-label="Classes">${items.join("")}</ul>`;
}
