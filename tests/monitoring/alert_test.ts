import assert from "node:assert/strict";
import { type AlertValues, parseAlertRule } from "@/monitoring/alert_rule.ts";
import { AlertWatch } from "@/monitoring/alert_watch.ts";
import { TrafficWindow } from "@/monitoring/traffic_window.ts";
import { SETTINGS } from "@/shared/config.ts";
import { AppError } from "@/shared/errors.ts";
import { LatencyHistogram } from "@/shared/latency_histogram.ts";

Deno.test("the default rules can be read", () => {
  for (const line of SETTINGS["alerts.rules"].default) assert.equal(parseAlertRule(line).text, line);
});

Deno.test("a rule is for one endpoint or all, compares, and lasts", () => {
  const rule = parseAlertRule("penguins:  error_rate>0.05   for 2m");
  assert.deepEqual([rule.endpoint, rule.metric, rule.for_s], ["penguins", "error_rate", 120]);
  assert.equal(rule.text, "penguins: error_rate > 0.05 for 120s");
  assert.ok(rule.holds(0.06) && !rule.holds(0.05));
  assert.equal(parseAlertRule("accuracy < 0.9").for_s, 30);
  assert.ok(parseAlertRule("drift >= warning").holds("drift"));
  assert.ok(!parseAlertRule("drift > warning").holds("warning"));
  assert.ok(parseAlertRule("not_ready").holds(true) && !parseAlertRule("not_ready").holds(false));
});

Deno.test("a rule that can't be read says what is wrong with it", () => {
  const cases: [string, RegExp][] = [
    ["errors > 5", /no metric "errors"/],
    ["error_rate", /comparison is missing/],
    ["error_rate > much", /much is no number/],
    ["drift >= 2", /none, warning, drift/],
    ["not_ready > 1", /takes no value/],
    ["error_rate = 5", /another form/],
    ["", /another form/],
  ];
  for (const [line, expected] of cases) {
    assert.throws(
      () => parseAlertRule(line),
      (error: AppError) => error.code === "invalid_argument" && expected.test(error.message),
      line,
    );
  }
});

/** The states that an alert goes through while its metric takes these values, a second apart. */
function story(values: (number | null)[], rule: string): string[] {
  const watch = new AlertWatch([parseAlertRule(rule)]);
  return values.flatMap((error_rate, i) =>
    watch.judge({ error_rate }, i, () => `a${i}`).map(({ state }) => `${i} ${state}`)
  );
}

Deno.test("an alert fires once when its rule has held for long enough, and resolves once", () => {
  const high = new Array(20).fill(0.5);
  const low = new Array(20).fill(0);
  assert.deepEqual(story([...low, ...high, ...low], "error_rate > 0.1 for 5s"), ["25 firing", "45 resolved"]);
  assert.deepEqual(story([0, ...high.slice(0, 4), ...low], "error_rate > 0.1 for 5s"), []);
});

Deno.test("an alert whose value wavers about the limit does not come and go", () => {
  const wavering = Array.from({ length: 300 }, (_, i) => i % 3 === 0 ? 0 : 0.5);
  assert.deepEqual(story([...new Array(10).fill(0.5), ...wavering], "error_rate > 0.1 for 5s"), ["5 firing"]);
  assert.deepEqual(story(wavering, "error_rate > 0.1 for 5s"), []);
});

Deno.test("what is not known any more resolves", () => {
  assert.deepEqual(
    story([...new Array(10).fill(0.5), ...new Array(10).fill(null)], "error_rate > 0.1 for 5s"),
    ["5 firing", "15 resolved"],
  );
});

Deno.test("an alert that an earlier supervisor fired does not fire again, and resolves", () => {
  const rule = parseAlertRule("error_rate > 0.1 for 2s");
  const before = new AlertWatch([rule]);
  const judge = (watch: AlertWatch, values: AlertValues, from: number) =>
    [0, 1, 2, 3].flatMap((i) => watch.judge(values, from + i, () => "a1"));
  assert.equal(judge(before, { error_rate: 1 }, 0).length, 1);
  const after = new AlertWatch([rule], JSON.parse(JSON.stringify(before.alerts)));
  assert.deepEqual(judge(after, { error_rate: 1 }, 10), []);
  const [resolved] = judge(after, { error_rate: 0 }, 20);
  assert.equal(resolved.state, "resolved");
  assert.equal(resolved.alert_id, "a1");
  assert.equal(resolved.value, 0, "what it is now, and not what it was when it fired");
  const without = new AlertWatch([], before.alerts);
  assert.equal(without.judge({}, 30, () => "")[0].state, "resolved");
});

Deno.test("when an endpoint is stopped, its alerts resolve at once", () => {
  const watch = new AlertWatch([parseAlertRule("not_ready for 0s")]);
  watch.judge({ not_ready: true }, 1, () => "a1");
  assert.deepEqual(watch.resolveAll(2).map(({ state, alert_id }) => [state, alert_id]), [["resolved", "a1"]]);
  assert.deepEqual(watch.resolveAll(3), []);
});

Deno.test("resolved alerts are forgotten in the end, firing ones never", () => {
  const watch = new AlertWatch([
    parseAlertRule("error_rate > 0.1 for 0s"),
    parseAlertRule("not_ready for 0s"),
  ]);
  for (let i = 0; i < 200; i++) watch.judge({ error_rate: i % 2, not_ready: true }, i, () => `a${i}`);
  assert.ok(watch.alerts.length <= 22);
  assert.equal(watch.alerts.filter(({ rule }) => rule.startsWith("not_ready")).length, 1);
});

Deno.test("rates and latency are those of the last minute, and not told of a few requests", () => {
  const window = new TrafficWindow();
  const latency = new LatencyHistogram();
  const by_status: Record<string, number> = { 200: 0, 500: 0 };
  let values: AlertValues = {};
  const second = (at: number, fine: number, failed: number, ms: number) => {
    by_status[200] += fine;
    by_status[500] += failed;
    for (let i = 0; i < fine + failed; i++) latency.record(ms);
    values = window.add({ by_status: { ...by_status }, latency: latency.toWire(), restarts: 0 }, at);
  };
  for (let at = 0; at < 120; at++) second(at, 10, 0, 1);
  assert.equal(values.error_rate, 0);
  assert.ok(Math.abs(values.requests_per_s as number - 10) < 1);
  for (let at = 120; at < 240; at++) second(at, 5, 5, 100);
  assert.equal(values.error_rate, 0.5);
  assert.ok((values.latency_p50_ms as number) > 80, "the fast minute before has left the window");
  for (let at = 240; at < 400; at++) second(at, 0, 0, 1);
  assert.equal(values.error_rate, null);
});

Deno.test("restarts are counted over ten minutes, without those of before", () => {
  const window = new TrafficWindow();
  const at = (s: number, restarts: number) =>
    window.add({ by_status: {}, latency: { buckets: [], sum_ms: 0 }, restarts }, s).restarts;
  assert.deepEqual([at(0, 7), at(1, 9), at(599, 9), at(700, 9)], [0, 2, 2, 0]);
});
