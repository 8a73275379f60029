/** The keys that open an endpoint: what is changed is in force in every replica before a call returns. */
import { AppError } from "@/shared/errors.ts";
import { transact } from "@/shared/home.ts";
import { describeEndpoint } from "./describe.ts";
import { knownEndpoint } from "./deploy.ts";
import { addKey, type KeyStatus, type KeyWishes, type NewKey, statusOfKey } from "./new_key.ts";
import type { ApiKeyRow, Records } from "./records.ts";
import { untilInForce } from "./settings.ts";
import type { DeployParts, Waiting } from "./until_serving.ts";

/** More keys than callers that one machine can serve. */
export const MAX_ACTIVE_KEYS = 100;

/** @throws AppError already_exists for a name that a key in force has, resource_exhausted for too many keys */
export async function createApiKey(
  parts: DeployParts,
  endpoint: string,
  wishes: KeyWishes,
  waiting: Waiting,
): Promise<NewKey> {
  const { records } = parts;
  const created = transact(records.db, () => {
    knownEndpoint(records, endpoint);
    const inForce = records.apiKeys(endpoint).filter(isInForce);
    const same = inForce.find(({ name }) => name === wishes.name);
    if (same) {
      throw new AppError(
        "already_exists",
        `Cannot create a key named "${wishes.name}": ${same.key_id} has that name`,
        { hint: "Choose another name, or replace it with rotate_api_key." },
      );
    }
    if (inForce.length >= MAX_ACTIVE_KEYS) {
      throw new AppError(
        "resource_exhausted",
        `Cannot create another key: endpoint "${endpoint}" has ${inForce.length}`,
        { hint: "Revoke keys that nobody uses; list_api_keys shows how often each was." },
      );
    }
    return addKey(records, endpoint, wishes, waiting.caller);
  });
  await untilInForce(parts, endpoint, waiting);
  return created;
}

/** A new key of the same name and limit; the old one opens the endpoint until the grace is over. */
export async function rotateApiKey(
  parts: DeployParts,
  { endpoint, key_id, grace_s }: { endpoint: string; key_id: string; grace_s: number },
  waiting: Waiting,
): Promise<NewKey & { replaced: ApiKeyRow }> {
  const { records } = parts;
  const rotated = transact(records.db, () => {
    const old = knownKey(records, endpoint, key_id);
    if (!isInForce(old)) throw notInForce(old, "rotate");
    const created = addKey(records, endpoint, {
      name: old.name,
      rate_limit_per_s: old.rate_limit_per_s ?? undefined,
    }, waiting.caller);
    const ends = new Date(Date.now() + grace_s * 1000).toISOString();
    const expires_at = old.expires_at !== null && old.expires_at < ends ? old.expires_at : ends;
    records.updateApiKey(key_id, { expires_at });
    return { ...created, replaced: { ...old, expires_at } };
  });
  await untilInForce(parts, endpoint, waiting);
  return rotated;
}

/** It opens nothing from now on. Saying it again changes nothing. */
export async function revokeApiKey(
  parts: DeployParts,
  { endpoint, key_id }: { endpoint: string; key_id: string },
  waiting: Waiting,
): Promise<ApiKeyRow> {
  const { records } = parts;
  const revoked = transact(records.db, () => {
    const key = knownKey(records, endpoint, key_id);
    const revoked_at = key.revoked_at ?? new Date().toISOString();
    records.updateApiKey(key_id, { revoked_at });
    return { ...key, revoked_at };
  });
  await untilInForce(parts, endpoint, waiting);
  return revoked;
}

export interface ListedKey extends Omit<ApiKeyRow, "sha256"> {
  status: KeyStatus;
  /** Prediction requests that carried it. */
  requests: number;
}

/** Newest first. */
export async function listApiKeys({ records }: DeployParts, endpoint: string): Promise<ListedKey[]> {
  const { requests: { by_key } } = await describeEndpoint(records, knownEndpoint(records, endpoint));
  return records.apiKeys(endpoint).map(({ sha256: _, ...key }) => ({
    ...key,
    status: statusOfKey({ ...key, sha256: "" }),
    requests: by_key[key.key_id] ?? 0,
  }));
}

export function isInForce(key: ApiKeyRow): boolean {
  const status = statusOfKey(key);
  return status === "active" || status === "expiring";
}

function knownKey(records: Records, endpoint: string, key_id: string): ApiKeyRow {
  knownEndpoint(records, endpoint);
  const keys = records.apiKeys(endpoint);
  const key = keys.find((row) => row.key_id === key_id);
  if (key) return key;
  const ids = keys.filter(isInForce).slice(0, 20).map((row) => `${row.key_id} (${row.name})`).join(", ");
  throw new AppError("not_found", `Cannot find key "${key_id}": endpoint "${endpoint}" has none of that id`, {
    hint: ids ? `Keys: ${ids}.` : "It has no keys; create_api_key makes one.",
  });
}

function notInForce(key: ApiKeyRow, action: string): AppError {
  return new AppError(
    "failed_precondition",
    `Cannot ${action} key "${key.key_id}": it is ${statusOfKey(key)}`,
    {
      hint: "Make a new one with create_api_key.",
    },
  );
}
