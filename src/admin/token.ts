/** `mlmcp token`: make, list and revoke the tokens that open the servers over HTTP. */
import { parseArgs } from "node:util";
import { listTokens, mintToken, revokeToken, type Scope, SCOPES, type TokenRow } from "@/shared/auth.ts";
import type { Command, CommandContext } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import { createHome } from "@/shared/home.ts";
import { textTable } from "./text_table.ts";

const DEFAULT_TTL = "30d";
const UNIT_S = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const MAX_TTL_S = 366 * 86_400;

const width = Math.max(...Object.keys(SCOPES).map((scope) => scope.length));

export const command: Command = {
  help: `mlmcp token: tokens for the servers over HTTP, or to bind a server over stdio (MLMCP_TOKEN)

  mlmcp token create --scope SCOPE [--scope SCOPE ...]   the token alone goes to stdout, this once
    --scope all        every scope
    --subject NAME     who will use it, as the audit shows (default user)
    --ttl 30d          how long it is valid: a number and s, m, h or d (default ${DEFAULT_TTL}, at most 366d)
  mlmcp token list
  mlmcp token revoke ID

Scopes:
${Object.entries(SCOPES).map(([scope, text]) => `  ${scope.padEnd(width)}  ${text}`).join("\n")}
`,
  async run(context) {
    const { values, positionals } = parseArgs({
      args: context.args,
      allowPositionals: true,
      options: {
        scope: { type: "string", multiple: true, default: [] },
        subject: { type: "string", default: "user" },
        ttl: { type: "string", default: DEFAULT_TTL },
      },
    });
    const [action, ...rest] = positionals;
    createHome(context.home.path);
    if (action === "create" && rest.length === 0) {
      return await create(
        context,
        scopesFrom(values.scope),
        subjectFrom(values.subject),
        secondsOf(values.ttl),
      );
    }
    if (action === "list" && rest.length === 0) return list(context);
    if (action === "revoke" && rest.length === 1) {
      revokeToken(context.home, rest[0]);
      if (context.json) console.log(JSON.stringify({ token_id: rest[0], revoked: true }));
      else if (!context.quiet) console.error(`Revoked ${rest[0]}.`);
      return 0;
    }
    throw new AppError("invalid_argument", `Cannot understand "token ${positionals.join(" ")}"`, {
      hint: "mlmcp token create --scope SCOPE | list | revoke ID; mlmcp token --help tells more.",
    });
  },
};

async function create(
  context: CommandContext,
  scopes: Scope[],
  subject: string,
  ttl_s: number,
): Promise<number> {
  const { token, token_id } = await mintToken(context.home, { subject, scopes, ttl_s });
  const expires_at = new Date(Math.floor(Date.now() / 1000 + ttl_s) * 1000).toISOString();
  if (context.json) console.log(JSON.stringify({ token, token_id, subject, scopes, expires_at }));
  else {
    console.log(token);
    if (!context.quiet) {
      console.error(`Token ${token_id} of "${subject}" for ${scopes.join(", ")}, valid until ${expires_at}.`);
      console.error(`It is not shown again. mlmcp token revoke ${token_id} ends it.`);
    }
  }
  return 0;
}

function list({ home, json }: CommandContext): number {
  const tokens = listTokens(home).map((row) => ({
    ...row,
    scopes: row.scopes.split(" "),
    state: stateOf(row, Date.now()),
  }));
  if (json) console.log(JSON.stringify({ tokens }, null, 2));
  else if (tokens.length === 0) console.log("No tokens yet. mlmcp token create --scope SCOPE makes one.");
  else {
    console.log(textTable([
      ["token", "subject", "state", "expires", "run", "scopes"],
      ...tokens.map((
        one,
      ) => [one.token_id, one.subject, one.state, one.expires_at, one.run_id ?? "", one.scopes.join(" ")]),
    ]));
  }
  return 0;
}

export function stateOf(
  row: Pick<TokenRow, "revoked_at" | "expires_at">,
  now_ms: number,
): "valid" | "revoked" | "expired" {
  if (row.revoked_at !== null) return "revoked";
  return Date.parse(row.expires_at) <= now_ms ? "expired" : "valid";
}

function scopesFrom(given: readonly string[]): Scope[] {
  const all = Object.keys(SCOPES) as Scope[];
  const named = given.flatMap((text) => text.split(/[\s,]+/)).filter((text) => text !== "");
  if (named.includes("all")) return all;
  const unknown = named.find((scope) => !Object.hasOwn(SCOPES, scope));
  if (unknown === undefined && named.length > 0) return all.filter((scope) => named.includes(scope));
  throw new AppError(
    "invalid_argument",
    unknown === undefined
      ? "Cannot make a token: it has no scope"
      : `Cannot make a token: there is no scope "${unknown}"`,
    { hint: `Give --scope with one of ${all.join(", ")}, or all.` },
  );
}

function subjectFrom(text: string): string {
  if (/^[\w.@-]{1,100}$/.test(text)) return text;
  throw new AppError("invalid_argument", `Cannot make a token for "${text}": that is no subject`, {
    hint: "Use 1 to 100 letters, digits, dots, @, - and _.",
  });
}

/** `90s`, `15m`, `12h`, `30d`. */
export function secondsOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text.trim());
  const seconds = match ? Math.round(Number(match[1]) * UNIT_S[match[2] as keyof typeof UNIT_S]) : NaN;
  if (seconds >= 1 && seconds <= MAX_TTL_S) return seconds;
  throw new AppError("invalid_argument", `Cannot make a token that is valid for "${text}"`, {
    hint: "Write a number and s, m, h or d, from 1s to 366d: 12h, 30d.",
  });
}
