/** A key that opens an endpoint: shown once, kept as a hash. (256 random bits need no slow hash: nobody guesses them.) */
import { hashOfKey } from "./access.ts";
import type { ApiKeyRow, Records } from "./records.ts";

export interface NewKey {
  key: ApiKeyRow;
  /** Only here, and never again. */
  api_key: string;
}

export interface KeyWishes {
  name: string;
  rate_limit_per_s?: number;
  /** Days from now; undefined for never. */
  expires_in_days?: number;
}

export type KeyStatus = "active" | "expiring" | "expired" | "revoked";

export function statusOfKey({ revoked_at, expires_at }: ApiKeyRow, now_ms = Date.now()): KeyStatus {
  if (revoked_at !== null) return "revoked";
  if (expires_at === null) return "active";
  return Date.parse(expires_at) > now_ms ? "expiring" : "expired";
}

/** Writes a key down, in the caller's transaction; @returns it as the caller is told */
export function addKey(records: Records, endpoint: string, wishes: KeyWishes, caller: string): NewKey {
  const api_key = newApiKey();
  const { name, rate_limit_per_s = null, expires_in_days } = wishes;
  const now = Date.now();
  const key: ApiKeyRow = {
    key_id: `key_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`,
    endpoint,
    name,
    sha256: hashOfKey(api_key),
    rate_limit_per_s,
    created_at: new Date(now).toISOString(),
    created_by: caller,
    expires_at: expires_in_days === undefined
      ? null
      : new Date(now + expires_in_days * 86_400_000).toISOString(),
    revoked_at: null,
  };
  records.insert("api_key", key);
  return { key, api_key };
}

/** 256 random bits. */
function newApiKey(): string {
  return `mlk_${
    crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true })
  }`;
}
