/** The supervisor's side of a replica's control door. */
import { AppError, fromWireError, type WireError } from "@/shared/errors.ts";
import {
  type AccessSettings,
  CONTROL_HEADER,
  MODEL_HEADER,
  type ReplicaStatus,
  type TrafficPlan,
  VERSION_HEADER,
} from "@/shared/replica_protocol.ts";
import type { Published, WatchBatch, WatchRequest } from "@/monitoring/watch_protocol.ts";
import { type LocalAnswer, localRequest, NobodyThere, parseBody, requestUntilGone } from "./local_http.ts";

export interface DoorAddress {
  endpoint: string;
  replica_id: string;
  control_port: number;
  control_token: string;
}

const STATUS_TIMEOUT_MS = 2000;
/** Decoding a large model and predicting its golden rows. */
const PREPARE_TIMEOUT_MS = 60_000;
/** A little longer than a replica waits for its requests in flight. */
const DRAIN_TIMEOUT_MS = 25_000;

export class ReplicaDoor {
  constructor(readonly address: DoorAddress) {}

  /**
   * @throws NobodyThere when the process is gone, also when another one has got its control port since;
   *   AppError deadline_exceeded when it is busy
   */
  async status(): Promise<ReplicaStatus> {
    const answer = await this.#ask("GET", "/control/status", STATUS_TIMEOUT_MS);
    const { endpoint, replica_id } = this.address;
    const status = answer.status === 200 ? statusIn(answer) : null;
    if (status?.endpoint === endpoint && status.replica_id === replica_id) return status;
    throw new NobodyThere(
      `replica ${replica_id}`,
      new Error(`another process answers, with status ${answer.status}`),
    );
  }

  /** @throws AppError with the replica's reason when it refuses the model */
  async prepare(bytes: Uint8Array, model_id: string, version: number): Promise<void> {
    const headers = {
      [MODEL_HEADER]: model_id,
      [VERSION_HEADER]: String(version),
      "content-type": "application/octet-stream",
    };
    refuseFailure(await this.#ask("POST", "/control/prepare", PREPARE_TIMEOUT_MS, headers, bytes));
  }

  /** @throws AppError failed_precondition when a version that the traffic names was not prepared there */
  async direct(traffic: TrafficPlan): Promise<void> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(traffic);
    refuseFailure(await this.#ask("POST", "/control/traffic", STATUS_TIMEOUT_MS, headers, body));
  }

  async discard(): Promise<void> {
    refuseFailure(await this.#ask("POST", "/control/discard", STATUS_TIMEOUT_MS));
  }

  async setAccess(access: AccessSettings): Promise<void> {
    const headers = { "content-type": "application/json" };
    refuseFailure(
      await this.#ask(
        "POST",
        "/control/access",
        STATUS_TIMEOUT_MS,
        headers,
        JSON.stringify(access),
      ),
    );
  }

  /** Tells what the endpoint has come to, and takes what the replica has seen. */
  async watch(request: WatchRequest): Promise<WatchBatch> {
    const headers = { "content-type": "application/json" };
    const answer = await this.#ask(
      "POST",
      "/control/watch",
      STATUS_TIMEOUT_MS,
      headers,
      JSON.stringify(request),
    );
    refuseFailure(answer);
    return parseBody<WatchBatch>(answer);
  }

  /** What the supervisor last told it of the whole endpoint; null before. */
  async published(): Promise<Published | null> {
    const answer = await this.#ask("GET", "/control/published", STATUS_TIMEOUT_MS);
    refuseFailure(answer);
    return parseBody<Published | null>(answer);
  }

  /** Has this share of its connections, 0 to 1, end with their next answer. */
  async shed(share: number): Promise<void> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ share });
    refuseFailure(await this.#ask("POST", "/control/shed", STATUS_TIMEOUT_MS, headers, body));
  }

  /** @returns true when the process has ended, its requests answered; false when it still runs */
  async drain(): Promise<boolean> {
    try {
      await this.status();
    } catch (error) {
      if (error instanceof NobodyThere) return true;
    }
    return await requestUntilGone({
      ...this.#to("/control/drain"),
      method: "POST",
      timeout_ms: DRAIN_TIMEOUT_MS,
    });
  }

  #to(path: string) {
    const { control_port, control_token } = this.address;
    return { host: "127.0.0.1", port: control_port, path, headers: { [CONTROL_HEADER]: control_token } };
  }

  #ask(
    method: "GET" | "POST",
    path: string,
    timeout_ms: number,
    headers: Record<string, string> = {},
    body?: Uint8Array | string,
  ): Promise<LocalAnswer> {
    const to = this.#to(path);
    return localRequest({ ...to, method, headers: { ...to.headers, ...headers }, body, timeout_ms });
  }
}

/** null from another program that has got the port since. */
function statusIn(answer: LocalAnswer): ReplicaStatus | null {
  try {
    return parseBody<ReplicaStatus>(answer);
  } catch {
    return null;
  }
}

function refuseFailure(answer: LocalAnswer): void {
  if (answer.status === 200) return;
  let wire: WireError | undefined;
  try {
    wire = parseBody<{ error: WireError }>(answer).error;
  } catch { /* no JSON */ }
  throw wire
    ? fromWireError(wire)
    : new AppError("internal", `Cannot change the replica: it answered ${answer.status}`);
}
