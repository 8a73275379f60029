/**
 * One place for a replica of an endpoint, and the process that fills it now, if any. A process that this supervisor
 * started is watched as a child; one that an earlier supervisor left is known by its control door only.
 */
import type { Config } from "@/shared/config.ts";
import { AppError, toWireError, type WireError } from "@/shared/errors.ts";
import type { Log } from "@/shared/log.ts";
import {
  plainTraffic,
  type ReplicaStart,
  type ReplicaStatus,
  type TrafficPlan,
} from "@/shared/replica_protocol.ts";
import { limitsOf } from "@/shared/http_limits.ts";
import { readTlsFiles } from "@/shared/tls_files.ts";
import { accessOf } from "./access.ts";
import { keepCounters, retireReplica } from "./changes.ts";
import { NobodyThere } from "./local_http.ts";
import type { DeploymentRow, EndpointRow, Records, ReplicaRow } from "./records.ts";
import { ReplicaDoor } from "./replica_door.ts";
import { startReplica } from "./start_replica.ts";
import { versionsOf } from "./wanted_traffic.ts";

/** A process that lived shorter died of itself, and its successor waits longer and longer. */
const QUICK_DEATH_MS = 10_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 30_000;
/** So many quick deaths in a row, and the endpoint is said to have failed (it is still tried again). */
export const MANY_DEATHS = 5;
/** A process of our own that does not answer for so long hangs, and is killed. A large request takes seconds. */
const HANGS_MS = 60_000;
/** Counters are written this often, so that a killed supervisor loses little. */
const CHECKPOINT_MS = 15_000;

export interface SlotParts {
  records: Records;
  log: Log;
  childEnv: Record<string, string>;
  config: Config;
  /** Something changed that must be looked at now. */
  wake(): void;
}

export class Slot {
  state: "down" | "starting" | "ready" | "draining" = "down";
  /** What it was last heard to do with requests. */
  traffic: TrafficPlan = plainTraffic(0);
  /** Versions whose models it holds. */
  held: readonly number[] = [];
  /** Why the last start or process ended; null while it runs. */
  error: WireError | null = null;
  quickDeaths = 0;
  /** How often in a row it was told its traffic in vain. */
  unheard = 0;
  /** performance.now() from when it may be started again. */
  startAt_ms = 0;
  door: ReplicaDoor | null = null;
  lastStatus: ReplicaStatus | null = null;
  #child: Deno.ChildProcess | null = null;
  #ready_ms = 0;
  #heard_ms = 0;
  #checkpoint_ms = 0;
  #loggedError: string | null = null;
  readonly replica_id: string;

  /** The deployment that is its primary. */
  get version(): number {
    return this.traffic.primary;
  }

  constructor(readonly parts: SlotParts, readonly endpoint: string, readonly slot: number) {
    this.replica_id = `${endpoint}-${slot}`;
  }

  /** Takes over the process that a row tells of, if it still lives. */
  async adopt(row: ReplicaRow): Promise<void> {
    if (row.control_port === null) return;
    const door = new ReplicaDoor({ ...row, control_port: row.control_port });
    try {
      this.#settle(door, await door.status(), null);
      this.parts.log.info("adopted a replica", { replica_id: this.replica_id, replica_pid: row.pid });
    } catch (error) {
      if (error instanceof NobodyThere) return;
      // It lives, but is busy: later looks will tell more.
      this.door = door;
      this.state = "ready";
      this.#follow(plainTraffic(row.version), [row.version]);
      this.#ready_ms = this.#heard_ms = performance.now();
    }
  }

  /**
   * Starts a process with that deployment's model. Never throws: `error` says why it did not become ready.
   * @param equip brings it what else it shall hold, before it takes traffic
   */
  async start(
    endpoint: EndpointRow,
    deployment: DeploymentRow,
    artifact: Uint8Array,
    first: boolean,
    equip: (slot: Slot) => Promise<void>,
  ): Promise<void> {
    if (this.state !== "down") return;
    const { records, log, config } = this.parts;
    const control_token = crypto.randomUUID();
    this.state = "starting";
    this.error = null;
    try {
      this.#writeRow(deployment.version, control_token);
      const start: ReplicaStart = {
        endpoint: endpoint.name,
        replica_id: this.replica_id,
        host: endpoint.host,
        port: endpoint.port,
        reuse_port: true,
        first,
        control_token,
        model_id: deployment.model_id,
        version: deployment.version,
        artifact_bytes: artifact.length,
        access: accessOf(records, endpoint),
        tls: endpoint.tls ? readTlsFiles(config) : null,
        limits: limitsOf(config),
        orphan_grace_s: config["serving.orphan_grace_s"],
      };
      const { child, pid } = await startReplica(
        start,
        artifact,
        this.parts.childEnv,
        async (pid, control_port) => {
          records.updateReplica(this.replica_id, { pid, control_port });
          this.door = new ReplicaDoor({
            endpoint: endpoint.name,
            replica_id: this.replica_id,
            control_port,
            control_token,
          });
          this.#follow(plainTraffic(deployment.version), [deployment.version]);
          await equip(this);
        },
      );
      records.updateReplica(this.replica_id, { status: "ready" });
      this.#settle(this.door!, null, child);
      log.info("a replica is ready", {
        replica_id: this.replica_id,
        replica_pid: pid,
        model_id: deployment.model_id,
        version: deployment.version,
      });
    } catch (error) {
      log.warn("a replica did not start", {
        replica_id: this.replica_id,
        error: String((error as Error).message),
      });
      this.#died(toWireError(error), true);
      if (!(error instanceof AppError)) log.error("unexpected while starting a replica", error);
    }
  }

  /** Counts as a start that failed. */
  refuseStart(error: AppError): void {
    this.state = "starting";
    this.#died(toWireError(error), true);
  }

  #writeRow(version: number, control_token: string): void {
    const { records } = this.parts;
    const before = records.replicas(this.endpoint).find(({ slot }) => slot === this.slot);
    if (before) keepCounters(records, before, this.lastStatus?.counters ?? null);
    this.lastStatus = null;
    records.insert("replica", {
      replica_id: this.replica_id,
      endpoint: this.endpoint,
      slot: this.slot,
      pid: null,
      control_port: null,
      control_token,
      version,
      status: "starting",
      restarts: before ? before.restarts + 1 : 0,
      started_at: new Date().toISOString(),
      counters: null,
    }, true);
  }

  #settle(door: ReplicaDoor, status: ReplicaStatus | null, child: Deno.ChildProcess | null): void {
    this.door = door;
    this.state = "ready";
    this.error = null;
    this.#ready_ms = this.#heard_ms = performance.now();
    this.#child = child;
    if (status) {
      this.lastStatus = status;
      this.#hear(status);
      this.#ready_ms -= status.uptime_s * 1000;
      if (status.state === "draining") this.state = "draining";
    }
    void child?.status.then(({ code, signal }) => {
      if (this.#child !== child || this.state === "draining") return;
      this.#died({
        code: "unavailable",
        message: `Cannot keep replica ${this.replica_id}: its process ended (${
          signal ?? `exit code ${code}`
        })`,
        hint: "It is started again by itself.",
      });
      this.parts.wake();
    });
  }

  /** Asks the process how it is. A process that is gone leaves the slot `down`. */
  async look(): Promise<void> {
    const { door } = this;
    if (!door || (this.state !== "ready" && this.state !== "draining")) return;
    try {
      const status = await door.status();
      if (door !== this.door) return;
      this.#heard_ms = performance.now();
      this.lastStatus = status;
      this.#hear(status);
      if (status.state === "draining") this.state = "draining";
      if (performance.now() - this.#ready_ms > QUICK_DEATH_MS) this.quickDeaths = 0;
      this.#note(status);
    } catch (error) {
      if (door !== this.door) return;
      if (!(error instanceof NobodyThere)) {
        // Busy is not dead; but who is busy for a minute will not come back. An adopted one can't be killed from here.
        if (performance.now() - this.#heard_ms > HANGS_MS) tryTo(() => this.#child?.kill("SIGKILL"));
        return;
      }
      this.#died({
        code: "unavailable",
        message: `Cannot keep replica ${this.replica_id}: its process is gone`,
        hint: "It is started again by itself.",
      });
    }
  }

  /** Changes what it does with requests; it must hold the models. @throws as ReplicaDoor.direct */
  async direct(traffic: TrafficPlan): Promise<void> {
    this.unheard++;
    await this.door!.direct(traffic);
    this.unheard = 0;
    this.#follow(traffic, versionsOf(traffic));
  }

  /** One of an earlier mlmcp tells no traffic. */
  #hear({ version, traffic, models }: ReplicaStatus): void {
    this.#follow(traffic ?? plainTraffic(version), models?.map((model) => model.version) ?? [version]);
  }

  #follow(traffic: TrafficPlan, held: readonly number[]): void {
    this.traffic = traffic;
    this.held = held;
  }

  #note(status: ReplicaStatus): void {
    const { records, log } = this.parts;
    if (status.last_error !== null && status.last_error !== this.#loggedError) {
      this.#loggedError = status.last_error;
      log.error(`replica ${this.replica_id}: ${status.last_error.split("\n")[0]}`, undefined, {
        stack: status.last_error,
      });
    }
    const now = performance.now();
    if (now - this.#checkpoint_ms < CHECKPOINT_MS) return;
    this.#checkpoint_ms = now;
    records.updateReplica(this.replica_id, {
      counters: status.counters,
      version: status.version,
      pid: status.pid,
    });
  }

  #died(error: WireError, atStart = false): void {
    if (this.state === "down") return;
    const quick = atStart || performance.now() - this.#ready_ms < QUICK_DEATH_MS;
    this.state = "down";
    this.door = null;
    this.#child = null;
    this.error = error;
    // The first death is answered at once, so that an endpoint is back as fast as a process starts.
    const wait_ms = this.quickDeaths === 0 && !atStart
      ? 0
      : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.quickDeaths);
    this.quickDeaths = quick ? this.quickDeaths + 1 : 0;
    this.startAt_ms = performance.now() + wait_ms;
    this.parts.log.warn("a replica died", {
      replica_id: this.replica_id,
      error: error.message,
      again_in_ms: wait_ms,
    });
  }

  /** Ends the process, after its requests in flight, and removes the row. @returns false when it still runs */
  async end(): Promise<boolean> {
    const { records, log } = this.parts;
    await this.look();
    const { door } = this;
    if (door) {
      this.state = "draining";
      const child = this.#child;
      tryTo(() => records.updateReplica(this.replica_id, { status: "draining" }));
      if (!await door.drain()) {
        if (!child) {
          log.error(
            `replica ${this.replica_id} does not answer and can't be ended: kill process ${
              this.lastStatus?.pid ?? "?"
            }`,
          );
          return false;
        }
        child.kill("SIGKILL");
      }
      await child?.status;
      log.info("a replica ended", { replica_id: this.replica_id });
    }
    this.state = "down";
    this.door = null;
    this.#child = null;
    tryTo(() => retireReplica(records, this.replica_id, this.lastStatus?.counters ?? null));
    return true;
  }
}

/** The home or the process may be gone by now; the rest must go on all the same. */
function tryTo(work: () => void): void {
  try {
    work();
  } catch { /* gone already */ }
}
