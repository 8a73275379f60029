/** The script of the page to try a model; it does nothing on a page without the form. */
import { LIVE_SCRIPT } from "./live_script.ts";

const TRY_SCRIPT = `
"use strict";
const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};
const drawing = (name, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const shown = (value) => typeof value === "number" ? String(+value.toPrecision(6)) : value;
(() => {
  const form = document.getElementById("try");
  if (!form) return;
  const { columns, examples } = JSON.parse(document.getElementById("data").textContent);
  const result = document.getElementById("result");
  const moved = document.getElementById("moved");
  const curl = document.getElementById("curl");
  const picker = document.getElementById("example");
  const field = (i) => form.elements["c" + i];
  const slider = (i) => document.getElementById("s" + i);
  const rowNow = () => {
    const row = {};
    columns.forEach((column, i) => {
      const value = field(i).value;
      row[column.name] = value === "" ? null : column.kind === "number" ? Number(value) : value;
    });
    return row;
  };
  const placeSlider = (i) => {
    if (!slider(i)) return;
    const { value } = field(i);
    slider(i).classList.toggle("unknown", value === "");
    if (value !== "") slider(i).value = value;
  };
  const fill = (row) => columns.forEach((column, i) => {
    const value = row[column.name];
    field(i).value = value === null || value === undefined ? "" : String(value);
    placeSlider(i);
  });
  const showCurl = () => {
    const body = JSON.stringify({ rows: [rowNow()] }).replace(/'/g, "'\\\\''");
    const key = form.dataset.locked ? " -H 'x-api-key: YOUR_KEY'" : "";
    curl.textContent = "curl " + location.origin + "/predict -H 'content-type: application/json'" + key + " -d '" + body + "'";
  };
  const show = (answer, ms) => {
    result.className = "";
    const nodes = [element("p", form.dataset.target + ": " + shown(answer.predictions[0]), "answer")];
    const probabilities = Object.entries((answer.probabilities || [])[0] || {}).sort((a, b) => b[1] - a[1]);
    for (const [name, p] of probabilities.slice(0, 20)) {
      const bar = element("div", undefined, "bar");
      const progress = element("progress");
      progress.max = 1;
      progress.value = p;
      progress.setAttribute("aria-label", name);
      bar.append(element("span", name), progress, element("span", (p * 100).toFixed(1) + " %"));
      nodes.push(bar);
    }
    for (const warning of answer.warnings || []) nodes.push(element("p", warning, "soft"));
    nodes.push(element("p", "by " + answer.model + " in " + ms.toFixed(1) + " ms, network included", "soft"));
    result.replaceChildren(...nodes);
  };
  const MOST_EFFECTS = 10;
  const showMoved = ({ prediction, effects }) => {
    // Less than what is shown as 0.1 % is no effect.
    const least = form.dataset.task === "classification" ? 0.0005 : 0;
    const some = effects.filter(({ effect }) => Math.abs(effect) > least);
    const largest = Math.max(...some.map(({ effect }) => Math.abs(effect)));
    const list = element("ul", undefined, "effects");
    for (const { column, effect, without } of some.slice(0, MOST_EFFECTS)) {
      const item = element("li");
      const size = Math.abs(effect) / largest * 50;
      const svg = drawing("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
      svg.append(
        drawing("line", { x1: 50, x2: 50, y1: 0, y2: 10 }),
        drawing("rect", { x: effect < 0 ? 50 - size : 50, y: 1, width: size, height: 8, class: effect < 0 ? "less" : "more" }),
      );
      const amount = (effect > 0 ? "+" : "\\u2212") + (form.dataset.task === "classification"
        ? (Math.abs(effect) * 100).toFixed(1) + " %"
        : shown(Math.abs(effect)));
      item.append(element("span", column), svg, element("span", amount));
      item.title = "If " + column + " were not known: " + shown(without);
      list.append(item);
    }
    const what = form.dataset.task === "classification" ? "the probability of " + prediction : form.dataset.target;
    moved.replaceChildren(
      element("h2", "What moved it"),
      element("p", some.length === 0
        ? "No single value: taking any one away leaves the prediction as it is."
        : "How much each value adds to " + what + ", against not knowing it.", "soft"),
      list,
    );
  };
  const fail = (text, hint) => {
    result.className = "failed";
    result.replaceChildren(element("p", text), element("p", hint || "", "soft"));
    moved.replaceChildren();
  };
  const post = (path, body) => fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  let last = 0;
  const ask = async () => {
    const mine = ++last;
    showCurl();
    const row = rowNow();
    const started = performance.now();
    try {
      const response = await post("/predict", { rows: [row] });
      const answer = await response.json();
      // Whoever moves a slider on does not want to see what an older place gave.
      if (mine !== last) return;
      if (!response.ok) return fail(answer.error.message, answer.error.hint);
      show(answer, performance.now() - started);
      const explained = await post("/explain", { row });
      if (mine === last && explained.ok) showMoved(await explained.json());
    } catch {
      if (mine === last) fail("The endpoint does not answer.", "mlmcp status shows whether it runs.");
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  form.addEventListener("input", ({ target }) => {
    const i = target.id.slice(1);
    if (target.type === "range") {
      field(i).value = target.value;
      target.classList.remove("unknown");
    } else if (target.id[0] === "c") placeSlider(i);
    showCurl();
  });
  form.addEventListener("change", ({ target }) => {
    if (target !== picker && form.checkValidity()) ask();
  });
  picker.addEventListener("change", () => {
    if (picker.value === "") return;
    fill(examples[picker.value].row);
    ask();
  });
  document.getElementById("clear").addEventListener("click", () => {
    last++;
    picker.value = "";
    fill({});
    showCurl();
    result.replaceChildren();
    moved.replaceChildren();
    field(0).focus();
  });
  fill(examples[picker.value].row);
  ask();
})();
`;

export const SCRIPT = TRY_SCRIPT + LIVE_SCRIPT;
