/** The frame of the pages: no file from outside, one style, one script that the policy knows by its hash. */
import { escapeHtml } from "@/shared/escape_html.ts";
import { SCRIPT } from "./page_script.ts";
import { STYLE } from "./page_style.ts";

/** JSON for the inside of a script element: nothing in it can end the element. */
export function embedJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}

export function page(
  options: { title: string; body: string; endpoint: string; here: "/" | "/docs" },
): string {
  const link = (href: string, text: string) =>
    `<a href="${href}"${href === options.here ? ' aria-current="page"' : ""}>${text}</a>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(options.title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header><strong>${escapeHtml(options.endpoint)}</strong><nav>${link("/", "Try it")}${
    link("/docs", "API")
  }<a href="/metadata">Metadata</a><a href="/metrics">Metrics</a></nav></header>
<main>
${options.body}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

let policy: Promise<string> | null = null;

/** Only this style, this script and requests to this endpoint; no frames, no plugins, no other host. */
export function contentSecurityPolicy(): Promise<string> {
  policy ??= Promise.all([hashOf(STYLE), hashOf(SCRIPT)]).then(([style, script]) =>
    `default-src 'none'; style-src '${style}'; script-src '${script}'; connect-src 'self'; img-src data:; ` +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
  );
  return policy;
}

async function hashOf(text: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return `sha256-${btoa(String.fromCharCode(...hash))}`;
}
