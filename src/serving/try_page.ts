/** GET /: a form made from the model's signature, to try it. */
import { escapeHtml } from "@/shared/escape_html.ts";
import type { SignatureInput } from "@/artifact/signature.ts";
import { exampleRow } from "./example.ts";
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
  const body = `<h1>Predict ${escapeHtml(output.name)}</h1>
<p class="soft">${escapeHtml(model.model_id)} (${escapeHtml(model.artifact.pipeline.algorithm)}, ${
    escapeHtml(output.task)
  }${
    score ? `, ${escapeHtml(score[0])} ${escapeHtml(rounded(score[1]!))}` : ""
  }). Leave a field empty where the value is not known.</p>
<form id="try" data-target="${escapeHtml(output.name)}"${replica.access.locked ? ' data-locked="yes"' : ""}>
<div class="fields">
${inputs.map(field).join("\n")}
</div>
<div class="actions"><button class="main" type="submit">Predict</button><button type="button" id="example">Example row</button><button type="button" id="clear">Clear</button></div>
</form>
<div id="result" role="status" aria-live="polite"></div>
<h2>The same from a terminal</h2>
<pre tabindex="0" aria-label="curl command"><code id="curl"></code></pre>
<script type="application/json" id="data">${embedJson({ columns, example: exampleRow(model) })}</script>`;
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
    const range = input.min === undefined
      ? "a number"
      : `${rounded(input.min)} to ${rounded(input.max!)} in training`;
    return label(
      range,
      `<input id="c${i}" name="c${i}" type="number" step="any" inputmode="decimal" autocomplete="off">`,
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

function rounded(value: number): string {
  return String(Number(value.toPrecision(5)));
}
