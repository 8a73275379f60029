/** What all endpoints of a home are watched with, as the settings say. */
import type { CommandContext } from "@/shared/command.ts";
import type { Log } from "@/shared/log.ts";
import { type AlertRule, parseAlertRule } from "@/monitoring/alert_rule.ts";
import { AlertTeller } from "./alert_teller.ts";
import type { WatchParts } from "./endpoint_watch.ts";
import { PredictionLog } from "./prediction_log.ts";
import { PredictionStore } from "./prediction_store.ts";
import { WatchRecords } from "./watch_records.ts";

export function openWatching({ home, config }: CommandContext, log: Log): WatchParts["watching"] {
  const records = new WatchRecords(home);
  return {
    records,
    predictions: new PredictionStore(home, config["monitoring.keep_predictions"]),
    prediction_log: new PredictionLog(home, config["monitoring.log_max_mb"]),
    teller: new AlertTeller(config["alerts.webhook"], records, log),
    rules: config["alerts.rules"].flatMap((line) => usable(line, log)),
    settings: {
      keep_share: 1,
      log_share: config["monitoring.log_share"],
      log_inputs: config["monitoring.log_inputs"],
      log_omit: config["monitoring.log_omit"],
    },
  };
}

/** A rule that can't be read must not keep endpoints from being looked after; the deploy-server refuses it. */
function usable(line: string, log: Log): AlertRule[] {
  try {
    return [parseAlertRule(line)];
  } catch (error) {
    log.error("an alert rule is left out", error);
    return [];
  }
}
