/**
 * The live part of the page: it reads /metrics, as Prometheus would, and shows load, latency, versions and drift.
 * Source of the text's form: Prometheus text exposition format 0.0.4.
 */
export const LIVE_SCRIPT = `
(() => {
  const place = document.getElementById("live");
  if (!place) return;
  const EVERY_MS = 2000;
  const KEPT = 60;
  const rates = [];
  let before = null;
  const read = (text) => {
    const families = {};
    for (const line of text.split("\\n")) {
      const found = /^(\\w+)(?:\\{(.*)\\})? (\\S+)/.exec(line);
      if (!found) continue;
      const labels = {};
      for (const [, key, value] of (found[2] || "").matchAll(/(\\w+)="((?:[^"\\\\]|\\\\.)*)"/g)) {
        labels[key] = value.replace(/\\\\(.)/g, (_, char) => char === "n" ? "\\n" : char);
      }
      (families[found[1]] ??= []).push({ labels, value: Number(found[3]) });
    }
    return families;
  };
  const sum = (samples, keep = () => true) =>
    (samples || []).filter(({ labels }) => keep(labels)).reduce((total, { value }) => total + value, 0);
  const byEdge = (samples) => {
    const edges = new Map();
    for (const { labels, value } of samples || []) {
      const edge = labels.le === "+Inf" ? Infinity : Number(labels.le);
      edges.set(edge, (edges.get(edge) || 0) + value);
    }
    return [...edges].sort((a, b) => a[0] - b[0]);
  };
  /** Of the requests since the look before, where there were any; else of all. */
  const quantile = (now, past, q) => {
    const old = new Map(past);
    const fresh = now.map(([edge, count]) => [edge, count - (old.get(edge) || 0)]);
    const use = fresh.length > 0 && fresh[fresh.length - 1][1] > 0 ? fresh : now;
    if (use.length === 0 || use[use.length - 1][1] === 0) return null;
    const wanted = q * use[use.length - 1][1];
    const found = use.find(([, count]) => count >= wanted);
    return found[0] === Infinity ? null : found[0] * 1000;
  };
  const figure = (name, text) => {
    const box = element("div", undefined, "figure");
    box.append(element("strong", text), element("span", name, "soft"));
    return box;
  };
  const count = (value) => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
  const ms = (value) => value === null ? "\\u2013" : "\\u2264 " + +value.toPrecision(2) + " ms";
  const chart = () => {
    const top = Math.max(1, ...rates);
    const svg = drawing("svg", { viewBox: "0 0 " + (KEPT - 1) + " 20", preserveAspectRatio: "none", class: "chart", role: "img",
      "aria-label": "Requests a second over the last two minutes, at most " + count(top) });
    const points = rates.map((rate, i) => (KEPT - rates.length + i) + "," + (19 - rate / top * 18).toFixed(2));
    svg.append(drawing("polyline", { points: points.join(" "), fill: "none" }));
    return svg;
  };
  /** Of the version that serves: /metrics tells those before it too, and a canary or shadow beside it. */
  const drift = (families) => {
    const { version } = families.mlmcp_model_info[0].labels;
    const of = (family) =>
      (families[family] || []).filter(({ labels }) => labels.version === version && labels.column !== undefined);
    const rows = of("mlmcp_drift_verdict");
    if (rows.length === 0) return [];
    const words = ["none", "warning", "drift"];
    const list = element("ul", undefined, "drift");
    const psi = new Map(of("mlmcp_drift_psi").map(({ labels, value }) => [labels.column, value]));
    for (const { labels, value } of rows.sort((a, b) => b.value - a.value).slice(0, 12)) {
      const item = element("li", undefined, words[value]);
      item.append(element("span", labels.column), element("span", words[value]),
        element("span", psi.has(labels.column) ? "PSI " + psi.get(labels.column).toFixed(3) : ""));
      list.append(item);
    }
    return [element("h3", "Drift, against the training data"), list];
  };
  const look = async () => {
    if (!document.hidden) {
      try {
        const response = await fetch("/metrics");
        if (response.ok) show(read(await response.text()));
      } catch { /* it is tried again */ }
    }
    setTimeout(look, EVERY_MS);
  };
  const show = (families) => {
    const now = performance.now();
    const total = sum(families.mlmcp_requests_total);
    const failed = sum(families.mlmcp_requests_total, ({ status }) => Number(status) >= 400);
    const edges = byEdge(families.mlmcp_request_duration_seconds_bucket);
    if (before) {
      rates.push(Math.max(0, (total - before.total) / (now - before.now) * 1000));
      if (rates.length > KEPT) rates.shift();
    }
    const past = before ? before.edges : [];
    const figures = element("div", undefined, "figures");
    figures.append(
      figure("requests a second", count(rates.length ? rates[rates.length - 1] : 0)),
      figure("half are answered within", ms(quantile(edges, past, 0.5))),
      figure("99 % within", ms(quantile(edges, past, 0.99))),
      figure("answered in all", count(total)),
      figure("refused or failed", count(failed)),
    );
    before = { now, total, edges };
    place.replaceChildren(element("h2", "Now"), figures, chart(), ...drift(families));
  };
  look();
})();
`;
