/** Settings of an endpoint that change while it serves, without a restart. */
import { AppError } from "@/shared/errors.ts";
import { transact } from "@/shared/home.ts";
import { accessHash } from "@/shared/replica_protocol.ts";
import { accessOf } from "./access.ts";
import { knownEndpoint } from "./deploy.ts";
import { ensureSupervisor } from "./ensure_supervisor.ts";
import { NobodyThere } from "./local_http.ts";
import { originOf } from "./origins.ts";
import type { EndpointRow } from "./records.ts";
import { ReplicaDoor } from "./replica_door.ts";
import type { DeployParts, Waiting } from "./until_serving.ts";

const WAIT_MS = 20_000;
const LOOK_EVERY_MS = 30;

/** null takes a limit away; what is left out stays. */
export interface SettingWishes {
  auth?: "none" | "api_key";
  rate_limit_per_s?: number | null;
  allowed_origins?: string[];
  max_body_mb?: number;
  max_waiting?: number;
}

/** @throws AppError failed_precondition when an endpoint would be locked that nobody has a key of */
export async function changeSettings(
  parts: DeployParts,
  name: string,
  { allowed_origins, ...wishes }: SettingWishes,
  waiting: Waiting,
): Promise<EndpointRow> {
  const { records } = parts;
  transact(records.db, () => {
    const endpoint = knownEndpoint(records, name);
    if (wishes.auth === "api_key" && accessOf(records, { ...endpoint, auth: "api_key" }).keys.length < 2) {
      throw new AppError("failed_precondition", `Cannot lock endpoint "${name}": it has no key`, {
        hint: "Make one with create_api_key first.",
      });
    }
    const change: Partial<EndpointRow> = Object.fromEntries(
      Object.entries(wishes).filter(([, value]) => value !== undefined),
    );
    if (allowed_origins) change.allowed_origins = allowed_origins.map(originOf);
    if (Object.keys(change).length > 0) records.updateEndpoint(name, change);
  });
  await untilInForce(parts, name, waiting);
  return knownEndpoint(records, name);
}

/**
 * Waits until every replica that runs goes by what is written; one that starts later begins with it.
 * @throws AppError deadline_exceeded when a replica is too busy to hear of it
 */
export async function untilInForce(
  { records, context }: DeployParts,
  name: string,
  { signal }: Waiting,
): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  for (let look = 0; records.replicas(name).length > 0; look++) {
    if (look % 25 === 0) await ensureSupervisor(context);
    const endpoint = records.endpoint(name);
    if (!endpoint || endpoint.desired !== "running") return;
    const wanted = accessHash(accessOf(records, endpoint));
    const known = await Promise.all(
      records.replicas(name).map(async ({ control_port, ...row }) => {
        // Not started yet: it is told when it is, and the keeper looks once more.
        if (control_port === null) return false;
        try {
          return (await new ReplicaDoor({ ...row, control_port }).status()).access_sha256 === wanted;
        } catch (error) {
          return error instanceof NobodyThere;
        }
      }),
    );
    if (known.every(Boolean)) return;
    if (performance.now() > deadline) {
      throw new AppError(
        "deadline_exceeded",
        `Cannot say yet that every replica of "${name}" knows: one is too busy to answer`,
        { hint: "It is written down, and told again each second; get_deployment_status shows the replicas." },
      );
    }
    signal.throwIfAborted();
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
}
