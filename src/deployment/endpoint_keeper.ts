/**
 * Brings one endpoint from what runs to what is wanted, again and again. Everything it knows stands in the
 * database or can be asked from the replicas, so it can be killed between any two steps and its successor goes on.
 */
import { AppError, toWireError, type WireError } from "@/shared/errors.ts";
import type { ReplicaCounters } from "@/shared/replica_protocol.ts";
import type { Registry } from "@/registry/registry.ts";
import { addCounters } from "./add_counters.ts";
import { makeFailed, makeLive, makeStopped } from "./changes.ts";
import { EndpointWatch, type WatchParts } from "./endpoint_watch.ts";
import { NobodyThere } from "./local_http.ts";
import { isFree } from "./ports.ts";
import type { DeploymentRow, EndpointRow } from "./records.ts";
import { MANY_DEATHS, rateShare, Slot, type SlotParts } from "./slot.ts";

/** Looks, a second apart, that a busy replica gets to change its model. */
const MAX_TRIES = 10;

export interface KeeperParts extends SlotParts, WatchParts {
  registry: Registry;
}

export class EndpointKeeper {
  readonly #slots = new Map<number, Slot>();
  #running: Promise<void> | null = null;
  #again = false;
  #adopted = false;
  /** How often replicas were asked in vain to change to a version. */
  #tries: { version: number; count: number } | null = null;

  readonly watch: EndpointWatch;

  constructor(readonly parts: KeeperParts, readonly name: string) {
    this.watch = new EndpointWatch(parts, name);
  }

  /** No process of it runs or is about to. */
  get idle(): boolean {
    return [...this.#slots.values()].every((slot) => slot.state === "down");
  }

  /** Looks at it now, or once more when it is being looked at. Never throws. */
  kick(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = (async () => {
      do {
        this.#again = false;
        try {
          await this.#reconcile();
        } catch (error) {
          // Such as a full disk: the replicas go on, and the next look may find it mended.
          this.parts.log.error(`endpoint ${this.name} could not be looked after`, error);
        }
      } while (this.#again);
    })().finally(() => this.#running = null);
    return this.#running;
  }

  /** Ends every replica, without asking what is wanted: the home is gone. */
  async endAll(): Promise<void> {
    await this.#running;
    await Promise.all([...this.#slots.values()].map((slot) => slot.end()));
  }

  async #reconcile(): Promise<void> {
    const { records } = this.parts;
    if (!this.#adopted) {
      await Promise.all(records.replicas(this.name).map((row) => this.#slot(row.slot).adopt(row)));
      this.#adopted = true;
    }
    await Promise.all([...this.#slots.values()].map((slot) => slot.look()));
    // Someone may have asked a replica itself to drain (SIGTERM): see it to its end, then replace it.
    await Promise.all(
      [...this.#slots.values()].filter((slot) => slot.state === "draining").map((slot) => slot.end()),
    );
    const endpoint = records.endpoint(this.name);
    if (!endpoint || endpoint.desired !== "running") {
      const ended = await Promise.all([...this.#slots.values()].map((slot) => this.#end(slot)));
      const unsettled = endpoint &&
        (endpoint.desired === "deleted" || endpoint.live_version !== null || endpoint.error);
      if (unsettled && ended.every(Boolean)) {
        makeStopped(records, this.name);
        if (endpoint.desired === "deleted") this.watch.forget();
      }
      return;
    }
    const pending = records.pending(this.name);
    if (pending) await this.#rollOut(endpoint, pending);
    else await this.#hold(endpoint);
    await this.#look();
  }

  async #look(): Promise<void> {
    const endpoint = this.parts.records.endpoint(this.name);
    const counters = this.#counters();
    if (!endpoint || !counters) return;
    const ready = this.#ready().filter(({ door }) => door);
    await this.watch.look({
      endpoint,
      counters,
      in_flight: ready.reduce((sum, { lastStatus }) => sum + (lastStatus?.in_flight ?? 0), 0),
      restarts: this.parts.records.replicas(this.name).reduce((sum, { restarts }) => sum + restarts, 0),
      doors: ready.map(({ replica_id, door }) => ({
        key: `${replica_id} ${door!.address.control_port}`,
        door: door!,
      })),
    });
  }

  /** Of all replicas, also of those that are gone. */
  #counters(): ReplicaCounters | null {
    const { records } = this.parts;
    let sum = records.endpoint(this.name)?.retired ?? null;
    for (const row of records.replicas(this.name)) {
      const counters = this.#slots.get(row.slot)?.lastStatus?.counters ?? row.counters;
      if (counters) sum = addCounters(sum, counters);
    }
    return sum;
  }

  #slot(number: number): Slot {
    let slot = this.#slots.get(number);
    if (!slot) this.#slots.set(number, slot = new Slot(this.parts, this.name, number));
    return slot;
  }

  async #end(slot: Slot): Promise<boolean> {
    const ended = await slot.end();
    if (ended) this.#slots.delete(slot.slot);
    return ended;
  }

  #ready(): Slot[] {
    return [...this.#slots.values()].filter((slot) => slot.state === "ready");
  }

  /**
   * Puts a new version in place on all replicas or on none. Each first checks it and keeps it aside; only when all
   * have agreed are they told to use it, which can't fail any more but by dying, and who dies comes back with it.
   */
  async #rollOut(endpoint: EndpointRow, pending: DeploymentRow): Promise<void> {
    const { records, log } = this.parts;
    const fail = (error: WireError) => {
      makeFailed(records, pending, error);
      log.warn("a deployment failed", {
        endpoint: this.name,
        version: pending.version,
        error: error.message,
      });
      this.#again = true;
    };
    let artifact: Uint8Array;
    try {
      artifact = this.#bytesOf(pending);
    } catch (error) {
      return fail(toWireError(error));
    }
    const behind = this.#ready().filter((slot) => slot.version !== pending.version);
    const refusals = await Promise.all(behind.map(async (slot) => {
      try {
        await slot.door!.prepare(artifact, pending.model_id, pending.version);
        return null;
      } catch (error) {
        if (!(error instanceof NobodyThere)) return toWireError(error);
        await slot.look();
        return null;
      }
    }));
    const refusal = refusals.find((error) => error !== null);
    if (refusal) {
      await Promise.all(behind.map((slot) => slot.door?.discard().catch(() => {})));
      return fail(refusal);
    }
    if (records.pending(this.name)?.deployment_id !== pending.deployment_id) return void (this.#again = true);
    await Promise.all(behind.map(async (slot) => {
      try {
        await slot.door?.commit(pending.version);
      } catch (error) {
        log.warn("a replica did not change its model", {
          replica_id: slot.replica_id,
          error: (error as Error).message,
        });
      }
      await slot.look();
    }));
    const late = this.#ready().filter((slot) => slot.version !== pending.version);
    if (late.length > 0) {
      // Too busy to hear it: asked again at the next look, and in the end replaced.
      this.#tries = this.#tries?.version === pending.version
        ? { version: pending.version, count: this.#tries.count + 1 }
        : { version: pending.version, count: 1 };
      if (this.#tries.count < MAX_TRIES) return;
      await Promise.all(late.map((slot) => this.#end(slot)));
    }
    if (this.#ready().length === 0) {
      // Nobody serves: the first replica is the trial.
      const slot = this.#slot(1);
      slot.startAt_ms = 0;
      slot.quickDeaths = 0;
      await this.#start([slot], endpoint, pending, artifact);
      if (slot.state !== "ready") return fail(slot.error ?? toWireError(null));
    }
    if (!makeLive(records, pending)) return void (this.#again = true);
    log.info("a deployment is live", {
      endpoint: this.name,
      version: pending.version,
      model_id: pending.model_id,
    });
    try {
      this.parts.registry.setAlias(pending.model_id, pending.environment);
    } catch (error) {
      log.warn("the model's alias was not set", {
        alias: pending.environment,
        error: (error as Error).message,
      });
    }
    const now = records.endpoint(this.name);
    if (now?.desired === "running") await this.#hold(now);
  }

  /** Keeps the wanted number of replicas of the live version. */
  async #hold(endpoint: EndpointRow): Promise<void> {
    const { records } = this.parts;
    const live = records.live(this.name);
    if (!live) return;
    let artifact: Uint8Array | null = null;
    let unreadable: WireError | null = null;
    const read = () => {
      try {
        return artifact ??= this.#bytesOf(live);
      } catch (error) {
        unreadable = toWireError(error);
        return null;
      }
    };
    for (const slot of this.#slots.values()) {
      if (slot.slot > endpoint.replicas) await this.#end(slot);
      else if (slot.state === "ready" && slot.version !== live.version && read()) {
        await this.#correct(slot, live, read()!);
      }
    }
    for (let number = 1; number <= endpoint.replicas; number++) this.#slot(number);
    const now = performance.now();
    const due = [...this.#slots.values()].filter((slot) => slot.state === "down" && slot.startAt_ms <= now);
    if (due.length > 0 && read()) await this.#start(due, endpoint, live, read()!);
    for (const slot of this.#ready()) {
      const share = rateShare(endpoint);
      if (slot.lastStatus && slot.lastStatus.rate_limit_per_s !== share) {
        await slot.door!.setLimit(share).catch(() => {});
      }
    }
    this.#say(endpoint, unreadable);
  }

  /** A replica that was left behind, or ahead, when a supervisor was killed in the midst of a change. */
  async #correct(slot: Slot, live: DeploymentRow, artifact: Uint8Array): Promise<void> {
    try {
      await slot.door!.prepare(artifact, live.model_id, live.version);
      await slot.door!.commit(live.version);
      await slot.look();
    } catch (error) {
      this.parts.log.warn("a replica of another version is replaced", {
        replica_id: slot.replica_id,
        error: (error as Error).message,
      });
      await this.#end(slot);
    }
  }

  async #start(
    slots: Slot[],
    endpoint: EndpointRow,
    deployment: DeploymentRow,
    artifact: Uint8Array,
  ): Promise<void> {
    // Replicas share the port with each other; that must not become sharing it with another program.
    if (this.#ready().length === 0 && !isFree(endpoint.host, endpoint.port)) {
      for (const slot of slots) {
        slot.refuseStart(
          new AppError(
            "unavailable",
            `Cannot serve endpoint "${this.name}": port ${endpoint.port} is used by another program`,
            {
              hint: "Stop that program, or delete the endpoint and create it with another port.",
            },
          ),
        );
      }
      return;
    }
    const [first, ...others] = this.#ready().length > 0 ? [null, ...slots] : slots;
    await first?.start(endpoint, deployment, artifact, true);
    if (first && first.state !== "ready") return;
    await Promise.all(others.map((slot) => slot!.start(endpoint, deployment, artifact, false)));
  }

  /** Writes down why the endpoint is not as wanted, when that has changed. */
  #say(endpoint: EndpointRow, unreadable: WireError | null): void {
    const failing = [...this.#slots.values()].find((slot) => slot.quickDeaths >= MANY_DEATHS);
    const error = unreadable ?? failing?.error ?? null;
    if (JSON.stringify(error) !== JSON.stringify(endpoint.error)) {
      this.parts.records.updateEndpoint(this.name, { error });
    }
  }

  #bytesOf(deployment: DeploymentRow): Uint8Array {
    const { registry } = this.parts;
    const model = registry.find(deployment.model_id);
    if (model.artifact_sha256 !== deployment.artifact_sha256) {
      throw new AppError(
        "data_loss",
        `Cannot deploy ${deployment.model_id}: the registry holds another artifact than the one that was validated`,
        {
          hint: "Validate and deploy it again.",
        },
      );
    }
    return registry.bytes(model);
  }
}
