/** GET /: a form made from the model's signature, to try it. */
import { escapeHtml } from "@/shared/escape_html.ts";
import type { SignatureInput } from "@/artifact/signature.ts";
import { exampleIndex, exampleRows } from "./example.ts";
import { embedJson, page } from "./page.ts";
import type { Replica } from "./replica_state.ts";

/** More values than this are typed with suggestions, not picked from a list. */
const PICKED_CATEGORIES = 60;
const SUGGESTED_CATEGORIES = 1000;

export function tryPage(replica: Replica): string {
  const { current: model } = replica.holder;
  const { inputs, output } = model.signature;
  const score = Object.entries(model.artifact.metrics).find(([, value]) => value !== null);
  const columns = inputs.map((input) => ({ name: input.name, kind: kindOf(input) }));
  const examples = exampleRows(model);
  const shown = exampleIndex(model);
  const body = `<h1>Predict ${escapeHtml(output.name)}</h1>
<p class="soft">${escapeHtml(model.model_id)} (${escapeHtml(model.artifact.pipeline.algorithm)}, ${
    escapeHtml(output.task)
  }${
    score ? `, ${escapeHtml(score[0])} ${escapeHtml(rounded(score[1]!))}` : ""
  }). Leave a field empty where the value is not known.</p>
<div class="columns">
<form id="try" data-target="${escapeHtml(output.name)}" data-task="${output.task}"${
    replica.access.locked ? ' data-locked="yes"' : ""
  }>
<div class="actions"><label for="example">Start from <select id="example"><option value="">a row of your own</option>${
    examples.map(({ prediction }, i) =>
      `<option value="${i}"${i === shown ? " selected" : ""}>example ${i + 1}: ${
        escapeHtml(typeof prediction === "number" ? rounded(prediction) : prediction)
      }</option>`
    ).join("")
  }</select></label></div>
<div class="fields">
${inputs.map((input, i) => field(input, i)).join("\n")}
</div>
<div class="actions"><button class="main" type="submit">Predict</button><button type="button" id="clear">Clear</button></div>
</form>
<div class="answers">
<div id="result" role="status" aria-live="polite"></div>
<section id="moved"></section>
</div>
</div>
<section id="live"></section>
<h2>The same from a terminal</h2>
<pre tabindex="0" aria-label="curl command"><code id="curl"></code></pre>
<script type="application/json" id="data">${
    embedJson({ columns, examples: examples.map(({ row }) => ({ row })) })
  }</script>`;
  return page({ title: `${replica.endpoint}: try it`, body, endpoint: replica.endpoint, here: "/" });
}

function kindOf(input: SignatureInput): "number" | "text" {
  return input.categories || input.type === "date" ? "text" : "number";
}

function field(input: SignatureInput, i: number): string {
  const label = (hint: string, control: string) =>
    `<label for="c${i}">${escapeHtml(input.name)}<small>${escapeHtml(hint)}</small>${control}</label>`;
  if (input.type === "date") {
    return label(
      "a date, such as 2026-05-17",
      `<input id="c${i}" name="c${i}" type="text" autocomplete="off">`,
    );
  }
  if (!input.categories) {
    const box =
      `<input id="c${i}" name="c${i}" type="number" step="any" inputmode="decimal" autocomplete="off">`;
    if (input.min === undefined || !(input.max! > input.min)) return label("a number", box);
    const { min, max } = input as { min: number; max: number };
    return label(
      `${rounded(min)} to ${rounded(max)} in training`,
      `<span class="pair"><input id="s${i}" type="range" min="${min}" max="${max}" step="${
        stepOf(min, max)
      }" aria-label="${escapeHtml(input.name)}, slider">${box}</span>`,
    );
  }
  if (input.categories.length <= PICKED_CATEGORIES) {
    const options = input.categories.map((text) => `<option>${escapeHtml(text)}</option>`).join("");
    return label(
      `${input.categories.length} values`,
      `<select id="c${i}" name="c${i}"><option value="">not known</option>${options}</select>`,
    );
  }
  const options = input.categories.slice(0, SUGGESTED_CATEGORIES).map((text) =>
    `<option value="${escapeHtml(text)}"></option>`
  ).join("");
  return label(
    `${input.categories.length} values in training`,
    `<input id="c${i}" name="c${i}" type="text" list="l${i}" autocomplete="off"><datalist id="l${i}">${options}</datalist>`,
  );
}

/** About 200 places on the slider, each a number that is quick to read. */
function stepOf(min: number, max: number): number {
  const fine = (max - min) / 200;
  const step = 10 ** Math.floor(Math.log10(fine));
  return Number.isInteger(min) && Number.isInteger(max) && step < 1 && max - min > 20 ? 1 : step;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(5)));
}
