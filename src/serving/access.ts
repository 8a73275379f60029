/** Who may ask, how often and how much: what the supervisor says, changed in place while the replica serves. */
import { accessHash, type AccessKey, type AccessSettings } from "@/shared/replica_protocol.ts";
import { sha256OfKey } from "./key_hash.ts";
import { RateLimit } from "./rate_limit.ts";

export interface ActiveKey {
  key_id: string;
  expires_ms: number | null;
  limit: RateLimit;
}

export class Access {
  settings!: AccessSettings;
  /** Tells the supervisor which settings are in force. */
  sha256!: string;
  /** Of all callers together. */
  readonly limit: RateLimit;
  #keys = new Map<string, ActiveKey>();

  constructor(settings: AccessSettings, now_ms: number) {
    this.limit = new RateLimit(settings.rate_limit_per_s, now_ms);
    this.apply(settings, now_ms);
  }

  /** Keys that stay keep what they have used of their limit. */
  apply(settings: AccessSettings, now_ms: number): void {
    this.settings = settings;
    this.sha256 = accessHash(settings);
    this.limit.per_s = settings.rate_limit_per_s;
    const before = this.#keys;
    this.#keys = new Map(
      settings.keys.map((key) => [key.sha256, active(key, before.get(key.sha256), now_ms)]),
    );
  }

  get locked(): boolean {
    return this.settings.auth === "api_key";
  }

  /** null for a key that is not known, or no more. By its hash: neither content nor length shows in the time it takes. */
  find(key: string): ActiveKey | null {
    const found = this.#keys.get(sha256OfKey(key));
    if (found === undefined) return null;
    return found.expires_ms !== null && Date.now() >= found.expires_ms ? null : found;
  }

  allowsOrigin(origin: string): boolean {
    const { allowed_origins } = this.settings;
    return allowed_origins.includes("*") || allowed_origins.includes(origin.toLowerCase());
  }
}

function active(
  { key_id, expires_ms, rate_limit_per_s }: AccessKey,
  before: ActiveKey | undefined,
  now_ms: number,
): ActiveKey {
  const limit = before?.limit ?? new RateLimit(rate_limit_per_s, now_ms);
  limit.per_s = rate_limit_per_s;
  return { key_id, expires_ms, limit };
}
