/**
 * Who calls, and what they may do. A token is a JWT (RFC 7519, HS256) signed with this home's key; its `scope`
 * claim (RFC 9068) lists the permissions. The agent mints one a run, with just the scopes the run needs.
 */
import { join } from "node:path";
import { jwtVerify, SignJWT } from "jose";
import { AppError } from "./errors.ts";
import { type Home, openState } from "./home.ts";

/** Every permission there is. A tool names exactly one. */
export const SCOPES = {
  "datasets:read": "search, list and preview data sets",
  "datasets:write": "download data sets into the store",
  "models:read": "list models, read metrics, predict and explain",
  "models:train": "start and cancel training jobs",
  "models:validate": "read the holdout and write a gate receipt",
  "models:write": "save models to files and load them",
  "deployments:read": "see endpoints, test them",
  "deployments:write": "deploy, update, roll back, scale and delete endpoints",
} as const;
export type Scope = keyof typeof SCOPES;

export interface Caller {
  /** Who: the token's subject, or `local` for a host that started the server itself over stdio. */
  name: string;
  scopes: readonly Scope[];
  run_id: string | null;
}

const AUDIENCE = "mlmcp";
const TABLES = [
  `CREATE TABLE token (
     token_id TEXT PRIMARY KEY, subject TEXT NOT NULL, scopes TEXT NOT NULL, run_id TEXT,
     created_at TEXT NOT NULL, expires_at TEXT NOT NULL, revoked_at TEXT)`,
];

/** A caller that started the server itself, and so already has all that the server has. */
export function localCaller(): Caller {
  return { name: "local", scopes: Object.keys(SCOPES) as Scope[], run_id: null };
}

export interface MintOptions {
  subject: string;
  scopes: readonly Scope[];
  ttl_s: number;
  run_id?: string;
}

/** @returns the token, shown this once, and its id, by which it can be revoked */
export async function mintToken(
  home: Home,
  options: MintOptions,
): Promise<{ token: string; token_id: string }> {
  const token_id = crypto.randomUUID();
  const now = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({
    scope: options.scopes.join(" "),
    ...(options.run_id ? { run_id: options.run_id } : {}),
  }).setProtectedHeader({ alg: "HS256" }).setSubject(options.subject).setAudience(AUDIENCE).setIssuer(
    AUDIENCE,
  )
    .setJti(token_id).setIssuedAt(now).setExpirationTime(now + options.ttl_s).sign(signingKey(home));
  const db = openState(home, "auth", TABLES);
  try {
    db.prepare(
      "INSERT INTO token (token_id, subject, scopes, run_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
    ).run(
      token_id,
      options.subject,
      options.scopes.join(" "),
      options.run_id ?? null,
      new Date(now * 1000).toISOString(),
      new Date((now + options.ttl_s) * 1000).toISOString(),
    );
  } finally {
    db.close();
  }
  return { token, token_id };
}

/**
 * @throws AppError unauthenticated when the token is forged, expired, for another audience, or revoked
 */
export async function verifyToken(home: Home, token: string): Promise<Caller & { expires_at_s: number }> {
  const refuse = (why: string) =>
    new AppError("unauthenticated", `Cannot accept the token: ${why}`, {
      hint: "Make one with `mlmcp token create`, and send it as `Authorization: Bearer <token>`.",
    });
  let payload;
  try {
    ({ payload } = await jwtVerify(token, signingKey(home), {
      audience: AUDIENCE,
      issuer: AUDIENCE,
      algorithms: ["HS256"],
    }));
  } catch (error) {
    throw refuse(
      (error as { code?: string }).code === "ERR_JWT_EXPIRED"
        ? "it has expired"
        : "it was not made by this home",
    );
  }
  const db = openState(home, "auth", TABLES);
  try {
    const row = db.prepare("SELECT revoked_at FROM token WHERE token_id = ?").get(String(payload.jti)) as
      | { revoked_at: string | null }
      | undefined;
    if (!row) throw refuse("this home does not know it");
    if (row.revoked_at) throw refuse(`it was revoked at ${row.revoked_at}`);
  } finally {
    db.close();
  }
  const scopes = String(payload.scope ?? "").split(" ").filter((scope): scope is Scope => scope in SCOPES);
  return {
    name: String(payload.sub),
    scopes,
    run_id: typeof payload.run_id === "string" ? payload.run_id : null,
    expires_at_s: payload.exp ?? 0,
  };
}

/** @throws AppError permission_denied naming the scope that is missing */
export function requireScope(caller: Caller, scope: Scope, what: string): void {
  if (caller.scopes.includes(scope)) return;
  throw new AppError(
    "permission_denied",
    `Cannot ${what}: the token of "${caller.name}" lacks the scope ${scope}`,
    {
      hint: `It has: ${
        caller.scopes.join(", ") || "none"
      }. Make one with \`mlmcp token create --scope ${scope}\`.`,
    },
  );
}

export interface TokenRow {
  token_id: string;
  subject: string;
  scopes: string;
  run_id: string | null;
  created_at: string;
  expires_at: string;
  revoked_at: string | null;
}

/** All tokens ever made here, newest first; never the tokens themselves. */
export function listTokens(home: Home): TokenRow[] {
  const db = openState(home, "auth", TABLES);
  try {
    return db.prepare("SELECT * FROM token ORDER BY created_at DESC, token_id")
      .all() as unknown as TokenRow[];
  } finally {
    db.close();
  }
}

/** @throws AppError not_found */
export function revokeToken(home: Home, token_id: string): void {
  const db = openState(home, "auth", TABLES);
  try {
    const { changes } = db.prepare("UPDATE token SET revoked_at = coalesce(revoked_at, ?) WHERE token_id = ?")
      .run(new Date().toISOString(), token_id);
    if (changes === 0) {
      throw new AppError("not_found", `Cannot revoke token ${token_id}: there is none with that id`, {
        hint: "`mlmcp token list` shows the ids.",
      });
    }
  } finally {
    db.close();
  }
}

/** 32 random bytes, made once a home; two processes that start at once end up with the same ones. */
function signingKey(home: Home): Uint8Array {
  const path = join(home.keys, "token.key");
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const mine = join(home.keys, `token.${crypto.randomUUID()}.tmp`);
  Deno.writeFileSync(mine, crypto.getRandomValues(new Uint8Array(32)), { mode: 0o600, createNew: true });
  try {
    Deno.linkSync(mine, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  } finally {
    Deno.removeSync(mine);
  }
  return Deno.readFileSync(path);
}
