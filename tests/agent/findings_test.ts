/** A run whose data the checks accuse: nothing is decided for the person. */
import assert from "node:assert/strict";
import { AppError } from "@/shared/errors.ts";
import { parseAgentArgs } from "../../agent/options.ts";
import { newWorld } from "./fake_servers.ts";
import { onStage, scriptedAsker } from "./run_in_memory.ts";

const REQUEST = "predict the species of a penguin";

/** A training-server that refuses while "sex" is learnt from and its check is not ignored. */
function accusing() {
  const world = newWorld();
  const honest = world.tools.training.train_model;
  world.tools.training.train_model = (input) => {
    const { exclude = [], ignore_findings = [] } = input as {
      exclude?: string[];
      ignore_findings?: string[];
    };
    if (exclude.includes("sex") || ignore_findings.includes("target_leakage")) return honest(input);
    throw new AppError(
      "failed_precondition",
      'Cannot train on this table: target_leakage: "sex" alone tells "species".',
      { hint: 'Leave it out with exclude: ["sex"], or ignore_findings: ["target_leakage"].' },
    );
  };
  return world;
}

Deno.test("a run with --yes or without a terminal stops at a refusal, and says how to go on", async () => {
  for (const [options, asker] of [[{ yes: true }, scriptedAsker(["sex"])], [{}, null]] as const) {
    await onStage(async ({ newRun, work, world }) => {
      const run_id = newRun(REQUEST, options);
      const { status, error } = await work(run_id, { asker });
      assert.deepEqual([status, error?.code], ["failed", "failed_precondition"]);
      assert.match(error!.message, /target_leakage: "sex" alone tells/);
      assert.match(
        error!.hint,
        new RegExp(`agent resume ${run_id} --exclude COLUMN.*--ignore-findings CHECK`),
      );
      assert.deepEqual([world.calls.get("train_model"), world.calls.get("validate_model")], [1, undefined]);
    }, accusing());
  }
});

Deno.test("a resume with --exclude or --ignore-findings goes on and tells the server", async () => {
  for (const more of [{ exclude: ["sex"] }, { ignore_findings: ["target_leakage"] }]) {
    await onStage(async ({ newRun, work, world, journal }) => {
      const run_id = newRun(REQUEST, { yes: true });
      await work(run_id);
      journal.setRun(run_id, { options: { ...journal.run(run_id).options, ...more } });
      assert.equal((await work(run_id)).status, "succeeded");
      const sent = world.inputs.get("train_model")!.at(-1)!;
      assert.deepEqual({ exclude: sent.exclude, ignore_findings: sent.ignore_findings }, {
        exclude: undefined,
        ignore_findings: undefined,
        ...more,
      });
    }, accusing());
  }
});

Deno.test("a person at the terminal is shown the refusal and asked what to leave out", async () => {
  await onStage(async ({ newRun, work, world, told, journal }) => {
    const asker = { ...scriptedAsker(["yes"]), line: () => Promise.resolve(" sex ") };
    const run_id = newRun(REQUEST);
    assert.equal((await work(run_id, { asker })).status, "succeeded");
    assert.ok(told.lines.some((line) => line.includes('"sex" alone tells')), told.lines.join("\n"));
    assert.ok(told.lines.includes("assumed exclude=sex"));
    assert.deepEqual(world.inputs.get("train_model")!.map(({ exclude }) => exclude), [undefined, ["sex"]]);
    assert.deepEqual(journal.step(run_id, "train")?.note.exclude, ["sex"]);
  }, accusing());
  await onStage(async ({ newRun, work, world }) => {
    const asker = { ...scriptedAsker([]), line: () => Promise.resolve("") };
    assert.equal((await work(newRun(REQUEST), { asker })).status, "failed");
    assert.equal(world.calls.get("train_model"), 1);
  }, accusing());
});

Deno.test("what the checks found is told, and stands in the result", async () => {
  const world = newWorld();
  const honest = world.tools.training.get_training_job;
  const findings = [
    { check: "time_order", severity: "warning", message: "It moves.", hint: "Split by time." },
    { check: "identifier", severity: "info", message: "It names rows.", hint: "Nothing." },
  ];
  world.tools.training.get_training_job = async (input) => ({ ...await honest(input), findings });
  await onStage(async ({ newRun, work, told, result }) => {
    const run_id = newRun(REQUEST, { yes: true });
    assert.equal((await work(run_id)).status, "succeeded");
    assert.ok(told.lines.includes("warning: It moves."));
    assert.ok(!told.lines.some((line) => line.includes("It names rows.")));
    assert.deepEqual(result(run_id).findings, findings);
  }, world);
});

Deno.test("the split is by group or by time as asked, and never by both", async () => {
  const splits = [
    [{ split_by_group: "sex" }, { method: "group", column: "sex" }],
    [{ split_by_time: "body_mass_g" }, { method: "time", column: "body_mass_g" }],
    [{}, undefined],
  ] as const;
  for (const [options, validation] of splits) {
    await onStage(async ({ newRun, work, world }) => {
      assert.equal((await work(newRun(REQUEST, { ...options, yes: true }))).status, "succeeded");
      assert.deepEqual(world.inputs.get("train_model")![0].validation, validation);
    });
  }
  await onStage(async ({ newRun, work }) => {
    const both = { split_by_group: "sex", split_by_time: "body_mass_g", yes: true };
    assert.equal((await work(newRun(REQUEST, both))).error?.code, "invalid_argument");
  });
});

Deno.test("--exclude and --ignore-findings may be given again, and keep commas and equal signs", () => {
  const args = ["x", "--exclude", "a,b", "--exclude=c=d", "--ignore-findings", "all"];
  assert.deepEqual(parseAgentArgs(args), {
    kind: "request",
    request: "x",
    given: { exclude: ["a,b", "c=d"], ignore_findings: ["all"] },
  });
});
