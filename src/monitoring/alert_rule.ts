/** A rule for an alert, as one line: `error_rate > 0.05 for 60s`, `penguins: drift >= warning`, `not_ready for 30s`. */
import { AppError } from "@/shared/errors.ts";
import { VERDICTS } from "./drift.ts";

/** The TABLE of what rules can look at. A number, a verdict, or whether it is so. */
export const ALERT_METRICS = {
  error_rate: "share of the requests of the last minute that were answered with a status of 500 or more",
  refused_rate: "share of the requests of the last minute that were answered with a status of 400 to 499",
  requests_per_s: "requests a second over the last minute",
  latency_p50_ms: "median time inside the replica over the last minute, in ms",
  latency_p95_ms: "95th percentile of that time, in ms",
  latency_p99_ms: "99th percentile of that time, in ms",
  drift: "gravest verdict on the live version: none, warning or drift",
  accuracy: "share of the last 1,000 labelled rows that were right",
  log_loss: "mean log loss of these",
  rmse: "root mean squared error of these",
  mae: "mean absolute error of these",
  estimated_accuracy: "accuracy as estimated from confidence, without labels",
  restarts: "replicas that were replaced after they died, over the last ten minutes",
  not_ready: "the endpoint has fewer replicas ready than wanted; takes no value",
} as const;

export type AlertMetric = keyof typeof ALERT_METRICS;

/** What is known now; null or absent: not known. */
export type AlertValues = Partial<Record<AlertMetric, number | string | boolean | null>>;

export interface AlertRule {
  /** As written, in one form. */
  text: string;
  /** null: every endpoint. */
  endpoint: string | null;
  metric: AlertMetric;
  holds(value: number | string | boolean): boolean;
  /** It must hold, or not hold any more, for so many seconds. */
  for_s: number;
}

const OPERATORS: Record<string, (a: number, b: number) => boolean> = {
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
};

/** A value that wavers about its limit must not make an alert fire and resolve over and over. */
const DEFAULT_FOR_S = 30;

const FORM =
  /^(?:(?<endpoint>[a-z0-9][a-z0-9_-]*) *: *)?(?<metric>[a-z0-9_]+)(?: *(?<operator>[<>]=?) *(?<limit>[\w.+-]+))?(?: +for +(?<number>\d+) *(?<unit>s|m|h))?$/;

/** @throws AppError invalid_argument with the rule and what is wrong with it */
export function parseAlertRule(line: string): AlertRule {
  const refuse = (what: string) =>
    new AppError("invalid_argument", `Cannot use the alert rule ${JSON.stringify(line)}: ${what}`, {
      hint: `Write [ENDPOINT:] METRIC >|>=|<|<= VALUE [for 60s], such as "error_rate > 0.05 for 60s" or ` +
        `"drift >= warning". Metrics: ${Object.keys(ALERT_METRICS).join(", ")}.`,
    });
  const groups = line.trim().match(FORM)?.groups;
  if (!groups) throw refuse("it has another form");
  const { endpoint = null, metric: name, operator, limit, number, unit } = groups;
  if (!Object.hasOwn(ALERT_METRICS, name)) throw refuse(`there is no metric "${name}"`);
  const metric = name as AlertMetric;
  const for_s = number ? Number(number) * { s: 1, m: 60, h: 3600 }[unit as "s" | "m" | "h"] : DEFAULT_FOR_S;
  const text = `${endpoint ? `${endpoint}: ` : ""}${metric}${
    operator ? ` ${operator} ${limit}` : ""
  } for ${for_s}s`;
  if (metric === "not_ready") {
    if (operator) throw refuse("not_ready takes no value");
    return { text, endpoint, metric, for_s, holds: (value) => value === true };
  }
  if (!operator) throw refuse("a comparison is missing");
  const compare = OPERATORS[operator];
  if (metric === "drift") {
    const least = (VERDICTS as readonly string[]).indexOf(limit);
    if (least < 0) throw refuse(`drift is compared with ${VERDICTS.join(", ")}`);
    return {
      ...{ text, endpoint, metric, for_s },
      holds: (value) => compare((VERDICTS as readonly unknown[]).indexOf(value), least),
    };
  }
  const bound = Number(limit);
  if (!Number.isFinite(bound)) throw refuse(`${limit} is no number`);
  return {
    text,
    endpoint,
    metric,
    for_s,
    holds: (value) => typeof value === "number" && compare(value, bound),
  };
}
