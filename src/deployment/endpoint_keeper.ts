/**
 * Brings one endpoint from what runs to what is wanted, again and again. Everything it knows stands in the
 * database or can be asked from the replicas, so it can be killed between any two steps and its successor goes on.
 */
import { AppError, toWireError, type WireError } from "@/shared/errors.ts";
import { accessHash, plainTraffic, type ReplicaCounters } from "@/shared/replica_protocol.ts";
import { certificateHash, readTlsFiles, type TlsFiles } from "@/shared/tls_files.ts";
import type { Registry } from "@/registry/registry.ts";
import { accessOf } from "./access.ts";
import { NO_COUNTERS } from "./add_counters.ts";
import { makeFailed, makeLive, makeStopped } from "./changes.ts";
import { endpointCounters, recallCounters } from "./endpoint_counters.ts";
import { EndpointWatch, type Seen, type WatchParts } from "./endpoint_watch.ts";
import { artifactOf, equip } from "./equip.ts";
import { EndpointScaler, type Wakening } from "./endpoint_scaler.ts";
import { judgeChallenger, type JudgeParts, stepCountersOf } from "./judge_challenger.ts";
import { NobodyThere } from "./local_http.ts";
import { isFree } from "./ports.ts";
import type { DeploymentRow, EndpointRow } from "./records.ts";
import { setServedAlias } from "./served_alias.ts";
import { MANY_DEATHS, Slot, type SlotParts } from "./slot.ts";
import { makeChallenger } from "./traffic_changes.ts";
import { cannotHold, WaitingCallers } from "./waiting_callers.ts";
import { sameTraffic, wantedTraffic } from "./wanted_traffic.ts";

/** Looks, a second apart, that a busy replica gets to change its model. */
const MAX_TRIES = 10;

export interface KeeperParts extends SlotParts, JudgeParts, WatchParts {
  registry: Registry;
}

export class EndpointKeeper {
  readonly #slots = new Map<number, Slot>();
  #running: Promise<void> | null = null;
  #again = false;
  #adopted = false;
  /** Certificate and key that no replica could serve with: not tried again. One may be written before the other. */
  #refusedFiles: string | null = null;

  readonly watch: EndpointWatch;
  readonly #scaler: EndpointScaler;
  /** Why the live model's file can't be loaded. */
  #unreadable: WireError | null = null;
  readonly #callers: WaitingCallers;

  constructor(readonly parts: KeeperParts, readonly name: string) {
    this.watch = new EndpointWatch(parts, name);
    this.#scaler = new EndpointScaler(parts);
    this.#callers = new WaitingCallers(parts);
  }

  /** No process of it runs or is about to, and nobody waits for one. */
  get idle(): boolean {
    return !this.#callers.held && [...this.#slots.values()].every((slot) => slot.state === "down");
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
    await this.#callers.letGo();
    await Promise.all([...this.#slots.values()].map((slot) => slot.end()));
  }

  async #reconcile(): Promise<void> {
    const { records } = this.parts;
    if (!this.#adopted) {
      await Promise.all(records.replicas(this.name).map((row) => this.#slot(row.slot).adopt(row)));
      const doors = this.#ready().flatMap(({ door }) => door ?? []);
      await recallCounters(records, this.name, doors, this.#counters());
      this.#adopted = true;
    }
    await Promise.all([...this.#slots.values()].map((slot) => slot.look()));
    // Someone may have asked a replica itself to drain (SIGTERM): see it to its end, then replace it.
    await Promise.all(
      [...this.#slots.values()].filter((slot) => slot.state === "draining").map((slot) => slot.end()),
    );
    const wanted = records.endpoint(this.name);
    if (!wanted || wanted.desired !== "running") {
      await this.#callers.letGo();
      const ended = await Promise.all([...this.#slots.values()].map((slot) => this.#end(slot)));
      this.watch.rest();
      const unsettled = wanted &&
        (wanted.desired === "deleted" || wanted.live_version !== null || wanted.error);
      if (unsettled && ended.every(Boolean)) {
        makeStopped(records, this.name);
        if (wanted.desired === "deleted") this.watch.forget();
      }
      return;
    }
    const pending = records.pending(this.name);
    const wakening: Wakening | null = pending ? "deployment" : this.#callers.waiting > 0 ? "request" : null;
    const endpoint = this.#scaler.look(wanted, [...this.#slots.values()], this.#counters(), wakening);
    // A challenger needs a primary that serves; whatever else is wanted needs nobody.
    const ready = this.#ready();
    const sound = ready.length > 0 && ready.every(({ version }) => version === endpoint.live_version);
    if (!pending || (pending.strategy !== "replace" && !sound)) await this.#hold(endpoint);
    if (pending) await this.#rollOut(endpoint, pending);
    await this.#serveCallers();
    await this.#look();
  }

  async #look(): Promise<void> {
    const seen = this.#seen();
    if (seen) await this.watch.look(seen);
  }

  #seen(): Seen | null {
    const endpoint = this.parts.records.endpoint(this.name);
    if (!endpoint) return null;
    const ready = this.#ready().filter(({ door }) => door);
    return {
      endpoint,
      counters: this.#counters() ?? NO_COUNTERS,
      in_flight: ready.reduce((sum, { lastStatus }) => sum + (lastStatus?.in_flight ?? 0), 0),
      restarts: this.parts.records.replicas(this.name).reduce((sum, { restarts }) => sum + restarts, 0),
      doors: ready.map(({ replica_id, door }) => ({
        key: `${replica_id} ${door!.address.control_port}`,
        door: door!,
      })),
    };
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
   * Puts a new version in place on all replicas or on none, instead of what is live or beside it. Each first checks
   * it and keeps it aside; only when all have agreed are they told to use it, which can't fail any more but by
   * dying, and who dies comes back with it.
   */
  async #rollOut(endpoint: EndpointRow, pending: DeploymentRow): Promise<void> {
    const { records, registry, log } = this.parts;
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
      artifact = artifactOf(registry, pending);
    } catch (error) {
      return fail(toWireError(error));
    }
    const challenges = pending.strategy !== "replace";
    const live = records.live(this.name);
    if (challenges && (!live || this.#ready().length === 0)) {
      return fail(
        endpoint.error ?? toWireError(
          new AppError("unavailable", `Cannot put ${pending.model_id} beside what serves: nothing does now`, {
            hint: "Try again when get_deployment_status says that the endpoint is ready.",
          }),
        ),
      );
    }
    const traffic = challenges ? wantedTraffic(live!, pending) : plainTraffic(pending.version);
    const behind = this.#ready().filter((slot) => !sameTraffic(slot.traffic, traffic));
    const refusals = await Promise.all(behind.map(async (slot) => {
      try {
        if (!slot.held.includes(pending.version)) {
          await slot.door!.prepare(artifact, pending.model_id, pending.version);
        }
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
    const step_counters = stepCountersOf(this.#counters(), live?.version ?? 0, pending.version);
    const began = performance.now();
    await Promise.all(behind.map(async (slot) => {
      try {
        if (slot.door) await slot.direct(traffic);
      } catch (error) {
        log.warn("a replica did not change its model", {
          replica_id: slot.replica_id,
          error: (error as Error).message,
        });
        await slot.look();
      }
    }));
    const swap_ms = Math.round((performance.now() - began) * 100) / 100;
    const late = this.#ready().filter((slot) => !sameTraffic(slot.traffic, traffic));
    if (late.length > 0) {
      // Too busy to hear it: told again at the next look, and in the end replaced.
      if (late.some((slot) => slot.unheard < MAX_TRIES)) return;
      await Promise.all(late.map((slot) => this.#end(slot)));
    }
    if (!challenges && this.#ready().length === 0) {
      // Nobody serves: the first replica is the trial.
      const slot = this.#slot(1);
      slot.startAt_ms = 0;
      slot.quickDeaths = 0;
      await this.#start([slot], endpoint, pending, null, artifact);
      if (slot.state !== "ready") return fail(slot.error ?? toWireError(null));
    }
    const made = challenges ? makeChallenger(records, pending, step_counters) : makeLive(records, pending);
    if (!made) return void (this.#again = true);
    log.info(`a deployment is ${challenges ? pending.strategy : "live"}`, {
      endpoint: this.name,
      version: pending.version,
      model_id: pending.model_id,
      ...(behind.length > 0 ? { swap_ms } : {}),
    });
    if (!challenges) setServedAlias(registry, pending, log);
    const now = records.endpoint(this.name);
    if (now?.desired === "running") await this.#hold(now);
  }

  /** Keeps the wanted number of replicas, each with the traffic that is wanted. */
  async #hold(endpoint: EndpointRow): Promise<void> {
    const { records, registry } = this.parts;
    const live = records.live(this.name);
    if (!live) return;
    let challenger = records.challenger(this.name);
    if (challenger && judgeChallenger(this.parts, live, challenger, this.#counters())) {
      this.#again = true;
      return;
    }
    let artifact: Uint8Array | null = null;
    this.#unreadable = null;
    const read = () => {
      try {
        return artifact ??= artifactOf(registry, live);
      } catch (error) {
        this.#unreadable = toWireError(error);
        return null;
      }
    };
    // Before the last replica ends, so that the port is never nobody's.
    if (endpoint.replicas === 0 || this.#ready().length === 0) {
      this.#callers.hold(endpoint, this.#ready().length > 0);
    }
    for (const slot of this.#slots.values()) if (slot.slot > endpoint.replicas) await this.#end(slot);
    const traffic = wantedTraffic(live, challenger);
    const behind = this.#ready().filter((slot) => !sameTraffic(slot.traffic, traffic));
    await Promise.all(behind.map(async (slot) => {
      if (slot.held.includes(live.version) || read()) await this.#correct(slot, live, challenger, read);
    }));
    for (let number = 1; number <= endpoint.replicas; number++) this.#slot(number);
    const now = performance.now();
    const due = [...this.#slots.values()].filter((slot) => slot.state === "down" && slot.startAt_ms <= now);
    challenger = records.challenger(this.name);
    if (due.length > 0 && read()) await this.#start(due, endpoint, live, challenger, read()!);
    await this.#tellAccess();
    if (endpoint.tls) await this.#renewCertificate(endpoint, live, challenger, read);
    this.#say(endpoint);
  }

  /** Keys, limits and origins change in place, in every replica. */
  async #tellAccess(): Promise<void> {
    const { records, log } = this.parts;
    // Read anew: it may have changed while replicas were started.
    const endpoint = records.endpoint(this.name);
    if (!endpoint) return;
    const access = accessOf(records, endpoint);
    const hash = accessHash(access);
    await Promise.all(
      this.#ready().map(async (slot) => {
        if (slot.lastStatus?.access_sha256 === hash) return;
        try {
          await slot.door!.setAccess(access);
          await slot.look();
        } catch (error) {
          if (error instanceof NobodyThere || (error as AppError).code === "deadline_exceeded") return;
          // One of an earlier mlmcp, that was adopted and does not know these settings.
          log.warn("a replica that can't be told who may ask is replaced", {
            replica_id: slot.replica_id,
            error: (error as Error).message,
          });
          await this.#end(slot);
          this.#again = true;
        }
      }),
    );
  }

  /**
   * The certificate's file has changed: its replicas are replaced one after the other, with one more beside them
   * meanwhile, for a replica can't open its port a second time.
   */
  async #renewCertificate(
    endpoint: EndpointRow,
    live: DeploymentRow,
    challenger: DeploymentRow | null,
    read: () => Uint8Array | null,
  ): Promise<void> {
    let files: TlsFiles;
    try {
      files = readTlsFiles(this.parts.config);
    } catch {
      // In the midst of being changed, or gone: what serves goes on.
      return;
    }
    const hash = certificateHash(files);
    const stale = this.#ready().filter(({ lastStatus }) => lastStatus && lastStatus.tls_cert_sha256 !== hash);
    if (stale.length === 0 || files.cert + files.key === this.#refusedFiles) return;
    const artifact = read();
    if (!artifact) return;
    const spare = this.#slot(endpoint.replicas + 1);
    await this.#start([spare], endpoint, live, challenger, artifact);
    if (spare.state !== "ready") {
      this.parts.log.error(`endpoint ${this.name} keeps its certificate: the new one is refused`, undefined, {
        error: spare.error?.message,
      });
      this.#refusedFiles = files.cert + files.key;
    } else {
      for (const { slot } of stale) {
        await this.#end(this.#slot(slot));
        await this.#start([this.#slot(slot)], endpoint, live, challenger, artifact);
      }
      this.parts.log.info("a certificate was renewed", { endpoint: this.name });
    }
    await this.#end(spare);
  }

  /** Of all replicas, also of those that are gone. */
  #counters(): ReplicaCounters | null {
    const last = (slot: number) => this.#slots.get(slot)?.lastStatus?.counters ?? null;
    return endpointCounters(this.parts.records, this.name, last);
  }

  /** A replica whose traffic has changed since, or that a killed supervisor left in the midst of a change. */
  async #correct(
    slot: Slot,
    live: DeploymentRow,
    challenger: DeploymentRow | null,
    read: () => Uint8Array | null,
  ): Promise<void> {
    try {
      if (!slot.held.includes(live.version)) {
        await slot.door!.prepare(read()!, live.model_id, live.version);
        await slot.direct(plainTraffic(live.version));
      }
      await equip(this.parts, slot, live, challenger);
    } catch (error) {
      if (error instanceof NobodyThere) return await slot.look();
      if (slot.unheard > 0 && slot.unheard < MAX_TRIES) return;
      this.parts.log.warn("a replica with other traffic is replaced", {
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
    challenger: DeploymentRow | null,
    artifact: Uint8Array,
  ): Promise<void> {
    const bringRest = async (slot: Slot) => {
      await equip(this.parts, slot, deployment, challenger);
      // Before it is asked for the first time: what others have counted must not be missing in its metrics.
      const seen = this.#seen();
      if (seen) await this.watch.introduce(seen, slot.door!);
    };
    // Replicas share the port with each other; that must not become sharing it with another program.
    const there = this.#ready();
    const ours = there.length > 0 || this.#callers.held;
    if (!ours && !isFree(endpoint.host, endpoint.port)) {
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
    const [first, ...others] = ours ? [null, ...slots] : slots;
    await first?.start(endpoint, deployment, artifact, true, bringRest);
    if (first && first.state !== "ready") return;
    await Promise.all(others.map((slot) => slot!.start(endpoint, deployment, artifact, false, bringRest)));
    const all = this.#ready().length;
    const share = (all - there.length) / all;
    if (share > 0) await Promise.all(there.map((slot) => slot.door?.shed(share).catch(() => {})));
  }

  /** Who waits gets to a replica that serves, or hears why none does. */
  async #serveCallers(): Promise<void> {
    const ready = this.#ready();
    const wanted = this.parts.records.endpoint(this.name)?.replicas ?? 0;
    if (ready.length > 0 && wanted > 0) await this.#callers.handOver(ready);
    else this.#callers.wait([...this.#slots.values()], this.#unreadable);
  }

  /** Writes down why the endpoint is not as wanted, when that has changed. */
  #say(endpoint: EndpointRow): void {
    // Who wakes an endpoint is told at once why it can't be woken.
    const many = endpoint.min_replicas === 0 && this.#ready().length === 0 ? 1 : MANY_DEATHS;
    const failing = [...this.#slots.values()].find((slot) => slot.quickDeaths >= many);
    const lost = endpoint.replicas === 0 && !this.#callers.held ? cannotHold(endpoint) : null;
    const error = this.#unreadable ?? failing?.error ?? lost;
    if (JSON.stringify(error) !== JSON.stringify(endpoint.error)) {
      this.parts.records.updateEndpoint(this.name, { error });
    }
  }
}
