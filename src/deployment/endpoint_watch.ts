/**
 * One endpoint under watch, by its supervisor: sums up what its replicas have seen, judges it, and tells them, so
 * that any of them can answer for all.
 */
import { readProfile } from "@/artifact/artifact.ts";
import type { Log } from "@/shared/log.ts";
import type { ReplicaCounters } from "@/shared/replica_protocol.ts";
import type { AlertRule, AlertValues } from "@/monitoring/alert_rule.ts";
import { AlertWatch } from "@/monitoring/alert_watch.ts";
import type { Verdict } from "@/monitoring/drift.ts";
import { LabelJoin } from "@/monitoring/label_join.ts";
import { TrafficWindow } from "@/monitoring/traffic_window.ts";
import { VersionWatch, type VersionWatchState } from "@/monitoring/version_watch.ts";
import type { WatchBatch, WatchRequest, WatchSettings } from "@/monitoring/watch_protocol.ts";
import type { AlertReport, FeedbackReport, VersionReport, WatchReport } from "@/monitoring/watch_report.ts";
import type { Registry } from "@/registry/registry.ts";
import type { AlertTeller } from "./alert_teller.ts";
import type { PredictionLog } from "./prediction_log.ts";
import type { PredictionStore } from "./prediction_store.ts";
import type { EndpointRow, Records } from "./records.ts";
import type { ReplicaDoor } from "./replica_door.ts";
import type { WatchRecords } from "./watch_records.ts";

export interface WatchParts {
  records: Records;
  registry: Registry;
  log: Log;
  watching: {
    records: WatchRecords;
    predictions: PredictionStore;
    prediction_log: PredictionLog;
    teller: AlertTeller;
    rules: readonly AlertRule[];
    settings: WatchSettings;
  };
}

/** How an endpoint is at one look. */
export interface Seen {
  endpoint: EndpointRow;
  /** Of all replicas, those that are gone too. */
  counters: ReplicaCounters;
  in_flight: number;
  restarts: number;
  /** The doors of the replicas that take requests, by replica and process. */
  doors: { key: string; door: ReplicaDoor }[];
}

const CHECKPOINT_MS = 15_000;
const JUDGE_EVERY_MS = 10_000;
/** Versions that are judged at once: what serves, a canary, a shadow, and what served just before. */
const MOST_VERSIONS = 4;
/** Predictions of all replicas that are kept a second, on average. */
const KEPT_PER_SECOND = 500;

interface State {
  versions: Record<string, VersionWatchState>;
  feedback: FeedbackReport;
}

export class EndpointWatch {
  readonly #alerts: AlertWatch;
  readonly #traffic = new TrafficWindow();
  /** null: its model can't be read. */
  readonly #versions = new Map<number, VersionWatch | null>();
  readonly #states: Record<string, VersionWatchState>;
  readonly #seqs = new Map<string, number>();
  readonly #labels: LabelJoin;
  #judged: VersionReport[] = [];
  #judged_ms = -Infinity;
  #checkpoint_ms = performance.now();
  #changed = false;
  #rows: { total: number; at_ms: number } | null = null;
  #keep_share = 1;

  constructor(readonly parts: WatchParts, readonly name: string) {
    const { records, rules } = parts.watching;
    const state = records.state<State>(name);
    this.#states = state?.versions ?? {};
    this.#labels = new LabelJoin((labels) => parts.watching.predictions.join(name, labels), state?.feedback);
    const mine = rules.filter(({ endpoint }) => endpoint === null || endpoint === name);
    this.#alerts = new AlertWatch(mine, records.alerts(name));
  }

  /** What it has come to. */
  get report(): WatchReport {
    return { versions: this.#judged, feedback: { ...this.#labels.report }, alerts: [...this.#alerts.alerts] };
  }

  /** What a rule of a rollout may go by; null: too few rows, or drift of that version can't be told. */
  verdictOf(version: number): Verdict | null {
    return this.#judged.find((judged) => judged.version === version)?.drift?.verdict ?? null;
  }

  /** Speaks with the replicas, takes in what they have seen, judges, and fires alerts. */
  async look(seen: Seen): Promise<void> {
    const now_ms = performance.now();
    this.#adaptShare(seen.counters, now_ms);
    for (const known of [this.#seqs, this.#labels.told]) {
      for (const key of known.keys()) if (!seen.doors.some((one) => one.key === key)) known.delete(key);
    }
    const batches = await this.#exchangeAll(seen, seen.doors);
    // Callers who wait to hear what became of their labels hear it now, not at the next look.
    batches.push(
      ...await this.#exchangeAll(seen, seen.doors.filter(({ key }) => this.#labels.told.has(key))),
    );
    const live = seen.endpoint.live_version;
    const isNew = live !== null && !this.#versions.has(live);
    if (isNew || this.#grew(batches) || now_ms - this.#judged_ms >= JUDGE_EVERY_MS) this.#judge(now_ms, live);
    this.#judgeAlerts(seen, now_ms);
    if (this.#changed && now_ms - this.#checkpoint_ms >= CHECKPOINT_MS) this.checkpoint();
  }

  async #exchangeAll(seen: Seen, doors: Seen["doors"]): Promise<WatchBatch[]> {
    const taken = await Promise.all(
      doors.map(async (one) => ({ key: one.key, batch: await this.#exchange(seen, one) })),
    );
    const batches = new Map<string, WatchBatch>();
    for (const { key, batch } of taken) if (batch) batches.set(key, batch);
    this.#takeIn(batches, seen.doors.length);
    return [...batches.values()];
  }

  #grew(batches: readonly WatchBatch[]): boolean {
    return batches.some(({ tallies, feedback }) => feedback.length > 0 || Object.keys(tallies).length > 0);
  }

  /** Tells a replica that has not opened its port yet what it will be asked for. Not hearing it keeps none from serving. */
  async introduce(seen: Seen, door: ReplicaDoor): Promise<void> {
    await door.watch(this.#request(seen, 0, [])).catch(() => {});
  }

  async #exchange(seen: Seen, { key, door }: Seen["doors"][number]): Promise<WatchBatch | null> {
    const joined = this.#labels.told.get(key) ?? [];
    try {
      const batch = await door.watch(this.#request(seen, this.#seqs.get(key) ?? 0, joined));
      this.#seqs.set(key, batch.seq);
      this.#labels.told.delete(key);
      return batch;
    } catch {
      // It is busy or gone: the next look will tell; what it has seen stays with it until then.
      return null;
    }
  }

  #request(
    { counters, in_flight, restarts, doors }: Seen,
    seen: number,
    joined: WatchRequest["joined"],
  ): WatchRequest {
    const { settings, predictions } = this.parts.watching;
    return {
      seen,
      joined,
      settings: { ...settings, keep_share: predictions.most === 0 ? 0 : this.#keep_share },
      published: {
        at_s: Date.now() / 1000,
        counters,
        in_flight,
        replicas_ready: doors.length,
        restarts,
        report: this.report,
      },
    };
  }

  /** @param replicas that take requests: another one than the one that heard a label may have its prediction */
  #takeIn(taken: ReadonlyMap<string, WatchBatch>, replicas: number): void {
    const batches = [...taken.values()];
    const { predictions, prediction_log } = this.parts.watching;
    const now_s = Date.now() / 1000;
    for (const { tallies } of batches) {
      for (const [version, tally] of Object.entries(tallies)) {
        this.#watchOf(Number(version))?.add(tally, now_s);
        this.#changed = true;
      }
    }
    const records = batches.flatMap((batch) => batch.records);
    try {
      predictions.keep(this.name, records.filter(({ keep }) => keep));
      prediction_log.write(this.name, records, (version) => this.#modelOf(version));
      for (const [key, { feedback }] of taken) this.#labels.hear(key, feedback, replicas);
      for (const { version, ...labelled } of this.#labels.join()) {
        this.#watchOf(version)?.quality.add(labelled);
        this.#changed = true;
      }
    } catch (error) {
      // Such as a full disk: it is measured less, and all else goes on.
      this.parts.log.error(`predictions of endpoint ${this.name} could not be kept`, error);
    }
  }

  #modelOf(version: number): string | null {
    return this.parts.records.version(this.name, version)?.model_id ?? null;
  }

  #watchOf(version: number): VersionWatch | null {
    let watch = this.#versions.get(version);
    if (watch === undefined) {
      watch = this.#startWatch(version);
      this.#versions.set(version, watch);
      const old = [...this.#versions.keys()].sort((a, b) => b - a).slice(MOST_VERSIONS);
      for (const one of old) if (one !== version) this.#versions.delete(one);
    }
    return watch;
  }

  #startWatch(version: number): VersionWatch | null {
    const { records, registry, log } = this.parts;
    try {
      const deployment = records.version(this.name, version);
      if (!deployment) return null;
      const { task, profile } = readProfile(registry.bytes(registry.find(deployment.model_id)));
      return new VersionWatch(version, task, profile, this.#states[version]);
    } catch (error) {
      log.warn("a version can't be watched", {
        endpoint: this.name,
        version,
        error: (error as Error).message,
      });
      return null;
    }
  }

  #judge(now_ms: number, live: number | null): void {
    this.#judged_ms = now_ms;
    if (live !== null) this.#watchOf(live);
    const now_s = Date.now() / 1000;
    this.#judged = [...this.#versions.values()].filter((watch) => watch !== null)
      .map((watch) => watch.report(now_s)).sort((a, b) => b.version - a.version);
  }

  #judgeAlerts({ endpoint, counters, restarts, doors }: Seen, now_ms: number): void {
    const live = this.#judged.find(({ version }) => version === endpoint.live_version);
    const values: AlertValues = {
      ...this.#traffic.add({ ...counters, restarts }, now_ms / 1000),
      drift: live?.drift?.verdict ?? null,
      estimated_accuracy: live?.estimate?.accuracy ?? null,
      ...live?.quality?.metrics,
      not_ready: endpoint.desired === "running" && doors.length < endpoint.replicas,
    };
    const changed = this.#alerts.judge(
      values,
      Date.now() / 1000,
      () => `alert_${crypto.randomUUID().slice(0, 8)}`,
    );
    this.#tell(changed);
  }

  /** The endpoint is not to run: what was wrong with it is no more. */
  rest(): void {
    this.#tell(this.#alerts.resolveAll(Date.now() / 1000));
  }

  #tell(changed: readonly AlertReport[]): void {
    const { records, teller } = this.parts.watching;
    records.keepAlerts(this.name, changed, teller.tells);
    for (const { rule, state, value, alert_id } of changed) {
      this.parts.log.warn(state === "firing" ? "an alert fires" : "an alert has resolved", {
        endpoint: this.name,
        ...{ rule, value, alert_id },
      });
    }
  }

  /** At a high rate only some predictions are kept, by powers of two, so that the share does not change all the time. */
  #adaptShare({ rows: total }: ReplicaCounters, now_ms: number): void {
    const before = this.#rows;
    if (before && now_ms - before.at_ms < 900) return;
    this.#rows = { total, at_ms: now_ms };
    if (!before) return;
    const per_s = (total - before.total) / (now_ms - before.at_ms) * 1000;
    this.#keep_share = per_s <= KEPT_PER_SECOND ? 1 : 2 ** -Math.ceil(Math.log2(per_s / KEPT_PER_SECOND));
  }

  /** Writes the windows down, so that a killed supervisor loses little. */
  checkpoint(): void {
    this.#checkpoint_ms = performance.now();
    this.#changed = false;
    const versions: State["versions"] = {};
    for (const [version, watch] of this.#versions) if (watch) versions[version] = watch.state();
    this.parts.watching.records.keepState(
      this.name,
      { versions, feedback: this.#labels.report } satisfies State,
    );
  }

  /** The endpoint is gone. */
  forget(): void {
    this.parts.watching.records.forget(this.name);
    this.parts.watching.predictions.forget(this.name);
  }
}
