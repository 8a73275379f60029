/** The script of the page to try a model; it does nothing on a page without the form. */
export const SCRIPT = `
"use strict";
(() => {
  const form = document.getElementById("try");
  if (!form) return;
  const { columns, example } = JSON.parse(document.getElementById("data").textContent);
  const result = document.getElementById("result");
  const curl = document.getElementById("curl");
  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const rowNow = () => {
    const row = {};
    columns.forEach((column, i) => {
      const value = form.elements["c" + i].value;
      row[column.name] = value === "" ? null : column.kind === "number" ? Number(value) : value;
    });
    return row;
  };
  const fill = (row) => columns.forEach((column, i) => {
    const value = row[column.name];
    form.elements["c" + i].value = value === null || value === undefined ? "" : String(value);
  });
  const showCurl = () => {
    const body = JSON.stringify({ rows: [rowNow()] }).replace(/'/g, "'\\\\''");
    const key = form.dataset.locked ? " -H 'x-api-key: YOUR_KEY'" : "";
    curl.textContent = "curl " + location.origin + "/predict -H 'content-type: application/json'" + key + " -d '" + body + "'";
  };
  const show = (answer, ms) => {
    result.className = "";
    const prediction = answer.predictions[0];
    const nodes = [
      element("p", form.dataset.target + ": " + (typeof prediction === "number" ? +prediction.toPrecision(6) : prediction), "answer"),
    ];
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
  const fail = (text, hint) => {
    result.className = "failed";
    result.replaceChildren(element("p", text), element("p", hint || "", "soft"));
  };
  const ask = async () => {
    showCurl();
    const started = performance.now();
    try {
      const response = await fetch("/predict", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ rows: [rowNow()] }),
      });
      const answer = await response.json();
      if (response.ok) show(answer, performance.now() - started);
      else fail(answer.error.message, answer.error.hint);
    } catch {
      fail("The endpoint does not answer.", "mlmcp status shows whether it runs.");
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  form.addEventListener("input", showCurl);
  document.getElementById("example").addEventListener("click", () => {
    fill(example);
    ask();
  });
  document.getElementById("clear").addEventListener("click", () => {
    fill({});
    showCurl();
    result.replaceChildren();
    form.elements.c0.focus();
  });
  fill(example);
  ask();
})();
`;
