/** What watching has to remember over a supervisor's death: windows, alerts, and alerts that were not told yet. */
import type { DatabaseSync } from "node:sqlite";
import { type Home, openState, transact } from "@/shared/home.ts";
import type { AlertReport } from "@/monitoring/watch_report.ts";

const TABLES = [
  `CREATE TABLE watch (endpoint TEXT PRIMARY KEY, state TEXT NOT NULL);
   CREATE TABLE alert (
     alert_id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL, value TEXT NOT NULL,
     fired_at TEXT NOT NULL, resolved_at TEXT);
   CREATE UNIQUE INDEX alert_firing ON alert (endpoint, rule) WHERE state = 'firing';
   CREATE TABLE alert_notice (notice_id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);`,
];

/** An alert as it is told: what fired or resolved, and where. */
export interface AlertNotice extends AlertReport {
  endpoint: string;
  /** A sentence, under the name that chat programs show. */
  text: string;
}

/** Those that wait for a webhook which does not answer; older ones are given up. */
const MOST_NOTICES = 1000;
const KEPT_RESOLVED = 100;

export class WatchRecords {
  readonly db: DatabaseSync;

  constructor(home: Home) {
    this.db = openState(home, "watching", TABLES);
  }

  close(): void {
    this.db.close();
  }

  state<T>(endpoint: string): T | null {
    const row = this.db.prepare("SELECT state FROM watch WHERE endpoint = ?").get(endpoint);
    return row ? JSON.parse((row as { state: string }).state) : null;
  }

  keepState(endpoint: string, state: unknown): void {
    this.db.prepare("INSERT OR REPLACE INTO watch (endpoint, state) VALUES (?, ?)")
      .run(endpoint, JSON.stringify(state));
  }

  /** Newest first. */
  alerts(endpoint: string): AlertReport[] {
    const rows = this.db.prepare(
      `SELECT alert_id, rule, state, value, fired_at, resolved_at FROM alert WHERE endpoint = ?
       ORDER BY fired_at DESC, rowid DESC`,
    ).all(endpoint) as unknown as (Omit<AlertReport, "value"> & { value: string })[];
    return rows.map((row) => ({ ...row, value: JSON.parse(row.value) }));
  }

  /** Written in one step with what is still to be told: killed before it nothing has happened, after it all is told. */
  keepAlerts(endpoint: string, changed: readonly AlertReport[], tell: boolean): void {
    if (changed.length === 0) return;
    transact(this.db, () => {
      for (const { alert_id, rule, state, value, fired_at, resolved_at } of changed) {
        this.db.prepare("INSERT OR REPLACE INTO alert VALUES (?, ?, ?, ?, ?, ?, ?)")
          .run(alert_id, endpoint, rule, state, JSON.stringify(value), fired_at, resolved_at);
      }
      this.db.prepare(
        `DELETE FROM alert WHERE endpoint = ?1 AND state = 'resolved' AND rowid NOT IN
         (SELECT rowid FROM alert WHERE endpoint = ?1 AND state = 'resolved' ORDER BY resolved_at DESC LIMIT ?2)`,
      ).run(endpoint, KEPT_RESOLVED);
      if (!tell) return;
      const add = this.db.prepare("INSERT INTO alert_notice (body) VALUES (?)");
      for (const alert of changed) add.run(JSON.stringify(noticeOf(endpoint, alert)));
      this.db.prepare(
        "DELETE FROM alert_notice WHERE notice_id <= (SELECT max(notice_id) FROM alert_notice) - ?",
      )
        .run(MOST_NOTICES);
    });
  }

  nextNotice(): { notice_id: number; body: string } | null {
    const row = this.db.prepare("SELECT notice_id, body FROM alert_notice ORDER BY notice_id LIMIT 1").get();
    return row ? row as { notice_id: number; body: string } : null;
  }

  dropNotice(notice_id: number): void {
    this.db.prepare("DELETE FROM alert_notice WHERE notice_id = ?").run(notice_id);
  }

  /** The endpoint is gone. */
  forget(endpoint: string): void {
    transact(this.db, () => {
      this.db.prepare("DELETE FROM watch WHERE endpoint = ?").run(endpoint);
      this.db.prepare("DELETE FROM alert WHERE endpoint = ?").run(endpoint);
    });
  }
}

function noticeOf(endpoint: string, alert: AlertReport): AlertNotice {
  const text = alert.state === "firing"
    ? `mlmcp: ${endpoint}: ${alert.rule} (it is ${alert.value})`
    : `mlmcp: ${endpoint}: no longer ${alert.rule}`;
  return { ...alert, endpoint, text };
}
