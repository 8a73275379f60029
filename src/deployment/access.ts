/** What the replicas of an endpoint are told about who may ask: from its row and its keys. */
import { sha256Hex } from "@/shared/hash.ts";
import type { AccessKey, AccessSettings } from "@/shared/replica_protocol.ts";
import type { EndpointRow, Records } from "./records.ts";

/** The id under which test_endpoint's own key is counted. */
export const TEST_KEY_ID = "test";

const MB = 1024 * 1024;

/** Of one replica: it gets its share of each limit, since the kernel gives each about as many connections. */
export function accessOf(records: Records, endpoint: EndpointRow): AccessSettings {
  const share = (per_s: number | null) => per_s === null ? null : per_s / Math.max(1, endpoint.replicas);
  const now = Date.now();
  const keys: AccessKey[] = records.apiKeys(endpoint.name)
    .filter((key) => key.revoked_at === null && (key.expires_at === null || Date.parse(key.expires_at) > now))
    .map((key) => ({
      key_id: key.key_id,
      sha256: key.sha256,
      rate_limit_per_s: share(key.rate_limit_per_s),
      expires_ms: key.expires_at === null ? null : Date.parse(key.expires_at),
    }));
  const test: AccessKey = {
    key_id: TEST_KEY_ID,
    sha256: hashOfKey(endpoint.test_key),
    rate_limit_per_s: null,
    expires_ms: null,
  };
  return {
    auth: endpoint.auth,
    keys: endpoint.auth === "api_key" ? [...keys, test] : [],
    rate_limit_per_s: share(endpoint.rate_limit_per_s),
    allowed_origins: endpoint.allowed_origins,
    max_body_bytes: Math.round(endpoint.max_body_mb * MB),
    max_waiting: endpoint.max_waiting,
  };
}

export function hashOfKey(key: string): string {
  return sha256Hex(new TextEncoder().encode(key));
}
