/** GET /docs: the OpenAPI document for people, without any script or file from elsewhere. */
import { escapeHtml } from "@/shared/escape_html.ts";
import { openApiDocument, type Operation, type Schema } from "./openapi.ts";
import { page } from "./page.ts";
import type { Replica } from "./replica_state.ts";

export function docsPage(replica: Replica): string {
  const document = openApiDocument(replica);
  const { info, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(method, path, operation))
  );
  const lock = document.security
    ? "<p>Every request but health checks carries the API key: <code>Authorization: Bearer KEY</code> or <code>X-API-Key: KEY</code>.</p>"
    : "";
  const body = `<h1>${escapeHtml(info.title)}</h1>
<p class="soft">${escapeHtml(info.version)}. ${escapeHtml(info.description)}</p>
${lock}<p>For programs: <a href="/openapi.json">openapi.json</a></p>
<h2>Requests</h2>
${operations.join("\n")}
<h2>Columns of a row</h2>
${columnTable(components.schemas.Row)}`;
  return page({ title: `${replica.endpoint}: API`, body, endpoint: replica.endpoint, here: "/docs" });
}

function section(method: string, path: string, operation: Operation): string {
  const request = operation.requestBody?.content["application/json"];
  const parts = [
    operation.description ? `<p>${escapeHtml(operation.description)}</p>` : "",
    ...(operation.parameters ?? []).map(({ name, description }) =>
      `<p><code>${escapeHtml(name)}</code>: ${escapeHtml(description)}</p>`
    ),
    request?.example === undefined ? "" : `<p>Request</p>${code(request.example)}`,
    `<div class="scroll"><table><thead><tr><th>Status</th><th>Meaning</th></tr></thead><tbody>${
      Object.entries(operation.responses).map(([status, { description }]) =>
        `<tr><td>${status}</td><td>${escapeHtml(description)}</td></tr>`
      ).join("")
    }</tbody></table></div>`,
    ...Object.values(operation.responses).flatMap(({ content }) => {
      const example = content?.["application/json"]?.example;
      return example === undefined ? [] : [`<p>Answer</p>${code(example)}`];
    }),
  ];
  return `<details${
    path === "/predict" ? " open" : ""
  }><summary><span class="method">${method.toUpperCase()}</span> <code>${
    escapeHtml(path)
  }</code> <span class="soft">${escapeHtml(operation.summary)}</span></summary>
${parts.join("\n")}
</details>`;
}

function columnTable(row: Schema): string {
  const rows = Object.entries(row.properties as Record<string, { description: string; examples?: string[] }>);
  return `<div class="scroll"><table><thead><tr><th>Column</th><th>Value</th></tr></thead><tbody>${
    rows.map(([name, { description, examples }]) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${escapeHtml(description)}${
        examples
          ? `: ${examples.slice(0, 12).map((text) => `<code>${escapeHtml(text)}</code>`).join(", ")}${
            examples.length > 12 ? ", …" : ""
          }`
          : ""
      }</td></tr>`
    ).join("")
  }</tbody></table></div>`;
}

function code(value: unknown): string {
  return `<pre tabindex="0"><code>${escapeHtml(JSON.stringify(value, null, 2))}</code></pre>`;
}
