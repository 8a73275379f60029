/** The rules of one endpoint over time: each alert fires once and resolves once. */
import type { AlertRule, AlertValues } from "./alert_rule.ts";
import type { AlertReport } from "./watch_report.ts";

/** Alerts that have resolved are told of for a while. */
const KEPT_RESOLVED = 20;

interface Turn {
  /** What it is turning to. */
  to: "firing" | "resolved";
  since_s: number;
}

export class AlertWatch {
  /** Newest first. */
  #alerts: AlertReport[];
  readonly #turns = new Map<string, Turn>();

  /** @param alerts those that an earlier supervisor knew, newest first */
  constructor(readonly rules: readonly AlertRule[], alerts: readonly AlertReport[] = []) {
    this.#alerts = [...alerts];
  }

  get alerts(): readonly AlertReport[] {
    return this.#alerts;
  }

  /**
   * Judges every rule. What is not known does not hold.
   * @param now_s Unix seconds
   * @returns the alerts that have just fired or resolved, for the caller to write down and then tell
   */
  judge(values: AlertValues, now_s: number, newId: () => string): AlertReport[] {
    const changed: AlertReport[] = [];
    const now = iso(now_s);
    for (const rule of this.rules) {
      const value = values[rule.metric] ?? null;
      const holds = value !== null && rule.holds(value);
      const firing = this.#firing(rule.text);
      if (!this.#isDue(rule, holds, firing !== null, now_s)) continue;
      if (firing) {
        const told = value === null ? firing.value : asTold(value);
        changed.push(this.#replace({ ...firing, state: "resolved", value: told, resolved_at: now }));
      } else {
        const alert: AlertReport = {
          alert_id: newId(),
          rule: rule.text,
          state: "firing",
          value: asTold(value!),
          fired_at: now,
          resolved_at: null,
        };
        this.#alerts.unshift(alert);
        changed.push(alert);
      }
    }
    // A rule that was taken out of the settings can't resolve any more by itself.
    for (const alert of this.#alerts) {
      if (alert.state !== "firing" || this.rules.some(({ text }) => text === alert.rule)) continue;
      changed.push(this.#replace({ ...alert, state: "resolved", resolved_at: now }));
    }
    this.#forget();
    return changed;
  }

  /** The endpoint was stopped: nothing holds any more. @returns those that fired */
  resolveAll(now_s: number): AlertReport[] {
    this.#turns.clear();
    return this.#alerts.filter(({ state }) => state === "firing").map((alert) =>
      this.#replace({ ...alert, state: "resolved", resolved_at: iso(now_s) })
    );
  }

  #firing(rule: string): AlertReport | null {
    return this.#alerts.find((alert) => alert.rule === rule && alert.state === "firing") ?? null;
  }

  /** Whether what the rule says has been otherwise than its alert for long enough. */
  #isDue({ text, for_s }: AlertRule, holds: boolean, fires: boolean, now_s: number): boolean {
    if (holds === fires) {
      this.#turns.delete(text);
      return false;
    }
    const to = holds ? "firing" : "resolved";
    let turn = this.#turns.get(text);
    if (turn?.to !== to) this.#turns.set(text, turn = { to, since_s: now_s });
    if (now_s - turn.since_s < for_s) return false;
    this.#turns.delete(text);
    return true;
  }

  #replace(alert: AlertReport): AlertReport {
    this.#alerts = this.#alerts.map((one) => one.alert_id === alert.alert_id ? alert : one);
    return alert;
  }

  #forget(): void {
    let kept = 0;
    this.#alerts = this.#alerts.filter(({ state }) => state === "firing" || kept++ < KEPT_RESOLVED);
  }
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function asTold(value: number | string | boolean): number | string {
  return typeof value === "number" ? Number(value.toPrecision(4)) : String(value);
}
