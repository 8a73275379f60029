/** Findings as lines of text. */
import type { Finding } from "./finding.ts";

const MOST = 20;

/** The gravest first, as `findProblems` gives them; empty where there are none. */
export function readableFindings(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const lines = findings.slice(0, MOST).map(({ severity, check, message, hint }) =>
    `${severity} (${check}): ${message}${severity === "info" ? "" : `\n  ${hint}`}`
  );
  const more = findings.length - MOST;
  return ["", "findings", ...lines, ...(more > 0 ? [`and ${more} more`] : [])];
}
