import assert from "node:assert/strict";
import { Utilization } from "@/serving/utilization.ts";

Deno.test("utilization is the share of the last two seconds that was computed in", () => {
  let cpu_ms = 0;
  const utilization = new Utilization(() => cpu_ms);
  for (let at_ms = 0; at_ms <= 10_000; at_ms += 250) {
    utilization.look(at_ms);
    cpu_ms += at_ms < 5000 ? 250 : 50;
  }
  cpu_ms -= 50;
  assert.equal(utilization.now(10_000), 0.2);
});

Deno.test("utilization is never above 1, though the runtime has threads of its own", () => {
  let cpu_ms = 0;
  const utilization = new Utilization(() => cpu_ms);
  utilization.look(0);
  cpu_ms = 5000;
  assert.equal(utilization.now(1000), 1);
  assert.equal(new Utilization(() => 0).now(5), 0);
});

Deno.test("utilization sees a busy loop, without any right", { permissions: "none" }, () => {
  const utilization = new Utilization();
  utilization.look(performance.now());
  const until = performance.now() + 300;
  while (performance.now() < until);
  const share = utilization.now(performance.now());
  // On a machine that others use too, a busy process gets less than all.
  assert.ok(share > 0.1, String(share));
});
