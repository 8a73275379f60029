import assert from "node:assert/strict";
import type { JobProgress } from "@/jobs/job.ts";
import { Pace } from "@/jobs/pace.ts";

const at = (done: number, more: Partial<JobProgress> = {}): JobProgress => ({
  ...{ stage: "fitting", done, total: 100, message: "fitting" },
  ...more,
});

Deno.test("a pace tells the rest from what was done since the stage began here, not from what was there", () => {
  const fresh = new Pace();
  fresh.tell(at(0), 0);
  assert.equal(fresh.tell(at(1), 1000).rest_s, undefined, "too early");
  assert.equal(fresh.tell(at(20), 5000).rest_s, 20);

  const resumed = new Pace();
  resumed.tell(at(0, { total: 1 }), 0); // before the Worker has told
  resumed.tell(at(80), 1000);
  const told = resumed.tell(at(90), 6000);
  assert.equal(told.rest_s, 5);
  assert.match(told.message, /fitting, about 5 s left/);
  assert.equal(resumed.tell(at(100), 9000).rest_s, undefined);
});

Deno.test("a pace keeps the last score of a stage, and not into the next one", () => {
  const pace = new Pace();
  assert.equal(pace.tell(at(1), 0).score, undefined);
  assert.equal(pace.tell(at(2, { score: 0.5 }), 1).score, 0.5);
  assert.equal(pace.tell(at(3), 2).score, 0.5);
  assert.equal(pace.tell(at(0, { stage: "saving" }), 3).score, undefined);
});
