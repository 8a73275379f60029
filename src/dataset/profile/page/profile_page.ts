/**
 * The profile as one HTML file: nothing from outside, no script needed for reading, and a policy that lets nothing
 * else run, whatever the names and values of the table hold.
 */
import { createHash } from "node:crypto";
import { escapeHtml } from "@/shared/escape_html.ts";
import type { TableProfile } from "../profile.ts";
import { bar, legend } from "./charts.ts";
import { columnCard } from "./column_card.ts";
import { featuresSection, pairsSection } from "./relations_section.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";
import { percent, valueHtml, whole } from "./text.ts";

/** What a check of the table found. */
export interface PageFinding {
  check: string;
  severity: "error" | "warning" | "info";
  columns: readonly string[];
  message: string;
  hint?: string;
}

export interface PageOptions {
  /** The table, as it was named. */
  title: string;
  /** What reading it had to guess or change. */
  notes?: readonly string[];
  findings?: readonly PageFinding[];
}

/** @param profile with `by_class`, where the plots shall show the classes of a target */
export function profilePage(profile: TableProfile, options: PageOptions): string {
  const { target, class_labels = [] } = profile;
  const features = featuresSection(profile);
  const pairs = pairsSection(profile);
  const findings = findingsSection(options);
  const links = [
    findings ? ["findings", "Findings"] : null,
    target ? ["target", "Target"] : null,
    features ? ["features", "What tells of it"] : null,
    ["columns", "Columns"],
    pairs ? ["pairs", "Pairs"] : null,
  ].filter((link) => link !== null);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${
    hashOf(STYLE)
  }'; script-src '${hashOf(SCRIPT)}'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Profile of ${escapeHtml(options.title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escapeHtml(options.title)}</h1>
<nav aria-label="Sections">${links.map(([id, text]) => `<a href="#${id}">${text}</a>`).join("")}</nav>
${tiles(profile)}
</header>
<main>
${findings}${targetSection(profile)}${features}
<section id="columns" aria-labelledby="columns-title"><h2 id="columns-title">Columns</h2>
${
    class_labels.length > 0
      ? `<p class="soft">Colours are the classes of ${escapeHtml(target!.name)}:</p>${legend(class_labels)}`
      : ""
  }
${leftOut(profile)}${tools(profile)}
<div class="cards">
${cardsOf(profile)}
</div></section>
${pairs}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function tiles(profile: TableProfile): string {
  const { rows, columns, missing_cells, duplicate_rows, estimated, types } = profile;
  const kinds = Object.entries(types).map(([type, count]) => `${whole(count)} ${type}`).join(", ");
  const repeated = `${estimated ? "about " : ""}${whole(duplicate_rows)}`;
  const list: [string, string, string][] = [
    ["Rows", whole(rows), ""],
    ["Columns", whole(columns), kinds],
    ["Missing cells", percent(missing_cells / Math.max(1, rows * columns)), whole(missing_cells)],
    ["Repeated rows", percent(duplicate_rows / Math.max(1, rows)), repeated],
  ];
  return `<ul class="tiles">${
    list.map(([name, value, more]) =>
      `<li><span class="soft">${name}</span><b>${value}</b>${
        more ? `<small class="soft">${more}</small>` : ""
      }</li>`
    ).join("")
  }</ul>`;
}

function findingsSection({ notes = [], findings = [] }: PageOptions): string {
  if (notes.length === 0 && findings.length === 0) return "";
  const items = [
    ...findings.map(({ check, severity, columns, message, hint }) =>
      `<li class="${severity}"><strong>${severity}: ${escapeHtml(check)}</strong> ${
        columns.length > 0 ? `<span class="soft">(${escapeHtml(columns.slice(0, 20).join(", "))})</span>` : ""
      }<br>${escapeHtml(message)}${hint ? `<br><span class="soft">${escapeHtml(hint)}</span>` : ""}</li>`
    ),
    ...notes.map((note) => `<li><strong>reading:</strong> ${escapeHtml(note)}</li>`),
  ];
  return `<section id="findings" aria-labelledby="findings-title"><h2 id="findings-title">Notes and findings</h2>
<ul class="found">${items.join("")}</ul></section>`;
}

const SHOWN_CLASSES = 20;

function targetSection({ target, class_labels = [] }: TableProfile): string {
  if (!target) return "";
  const head = `<section id="target" aria-labelledby="target-title"><h2 id="target-title">Target: ${
    escapeHtml(target.name)
  }</h2>`;
  const missing = target.missing > 0 ? `, missing in ${whole(target.missing)} rows` : "";
  if (!target.classes || target.classes.length === 0) {
    return `${head}<p>${target.task}${missing}. Its distribution is in its card below.</p></section>`;
  }
  const all = target.classes.length + (target.classes_left_out ?? 0);
  const present = target.classes[0].count / target.largest_share!;
  const lines = target.classes.slice(0, SHOWN_CLASSES).map(({ value, count }, k) => {
    // Each in the colour that it has in the plots.
    const colour = Math.min(k, Math.max(0, class_labels.length - 1));
    const pieces = [...new Array<number>(colour).fill(0), count];
    return `<li><span>${valueHtml(value)}</span>${bar(pieces, target.classes![0].count)}<span>${
      whole(count)
    } (${percent(count / present)})</span></li>`;
  });
  const more = all - Math.min(SHOWN_CLASSES, target.classes.length);
  return `${head}<p>${target.task}, ${
    whole(all)
  } classes${missing}. Always saying the largest class is right in ${
    percent(target.largest_share!)
  } of the rows.</p>
<ul class="bars wide">${lines.join("")}</ul>${
    more > 0 ? `<p class="soft">and ${whole(more)} more classes</p>` : ""
  }</section>`;
}

function leftOut({ columns_left_out, columns }: TableProfile): string {
  if (!columns_left_out) return "";
  return `<p class="soft">${whole(columns - columns_left_out)} of ${whole(columns)} columns are shown.</p>`;
}

/** Shown by the script, since it does nothing without it. */
function tools({ types, target }: TableProfile): string {
  const kinds = Object.keys(types).map((type) => `<option>${type}</option>`).join("");
  const share = target ? '<option value="share">what tells of the target</option>' : "";
  return `<form class="tools" hidden><label>Find a column<input id="find" type="search" autocomplete="off"></label>
<label>Type<select id="type"><option value="">all</option>${kinds}</select></label>
<label>Order<select id="order"><option value="place">of the table</option><option value="name">name</option>${share}<option value="missing">missing</option><option value="distinct">distinct</option></select></label>
<span id="shown" class="soft" role="status"></span></form>`;
}

function cardsOf(profile: TableProfile): string {
  const relations = new Map(profile.relations.features?.map((feature) => [feature.column, feature]));
  return profile.column_profiles.map((column, place) =>
    columnCard(column, {
      rows: profile.rows,
      place,
      labels: profile.class_labels ?? [],
      is_target: column.name === profile.target?.name,
      ...(relations.has(column.name) ? { relation: relations.get(column.name)! } : {}),
    })
  ).join("\n");
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
