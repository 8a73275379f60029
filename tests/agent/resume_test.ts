import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { STEP_NAMES } from "../../agent/step_names.ts";
import { checkResume, newOptions } from "../../agent/resume.ts";
import { onStage } from "./run_in_memory.ts";

const REQUEST = "predict the species of a penguin";
const BOUNDARIES = [
  ...STEP_NAMES.flatMap((step) => ["before", "started", "worked", "ended"].map((when) => `${step}:${when}`)),
  "plan:kept",
];

/** Stops a run at a boundary as `kill -9` would: it never comes back, and nothing more is written. */
function killAt(point: string): { fault(at: string): Promise<void>; reached: Promise<void> } {
  let tell = () => {};
  const reached = new Promise<void>((done) => tell = done);
  return {
    reached,
    fault: (at) => at === point ? (tell(), new Promise<void>(() => {})) : Promise.resolve(),
  };
}

for (const point of BOUNDARIES) {
  Deno.test(`a run killed at ${point} is resumed without doing a finished step again`, async () => {
    await onStage(async ({ newRun, work, result, world }) => {
      const run_id = newRun(REQUEST, { yes: true });
      const kill = killAt(point);
      await Promise.race([work(run_id, { fault: kill.fault }), kill.reached]);
      const before = new Map(world.calls);
      assert.equal(result(run_id).status, "interrupted");
      const finished = result(run_id).steps.filter((step) => step.status === "succeeded");

      assert.equal((await work(run_id)).status, "succeeded");
      assert.equal(world.jobs.size, 1, "trained once");
      assert.equal(world.deployments.size, 1, "deployed once");
      assert.equal(world.deployments.get("penguins-species")?.version, 1, "and never again");
      for (const { tool } of finished) {
        assert.equal(world.calls.get(tool!), before.get(tool!), `${tool} was not called again`);
      }
      assert.deepEqual(result(run_id).steps.map((step) => step.status), STEP_NAMES.map(() => "succeeded"));
    });
  });
}

Deno.test("a run killed between the call of train_model and the journal finds its job again", async () => {
  await onStage(async ({ newRun, work, world, journal }) => {
    const run_id = newRun(REQUEST, { yes: true });
    const honest = world.tools.training.train_model;
    let heard = () => {};
    const reached = new Promise<void>((done) => heard = done);
    world.tools.training.train_model = async (input) => {
      await honest(input);
      heard();
      return await new Promise(() => {});
    };
    await Promise.race([work(run_id), reached]);
    assert.deepEqual(journal.step(run_id, "train")?.note, {});
    world.tools.training.train_model = honest;
    assert.equal((await work(run_id)).status, "succeeded");
    assert.equal(world.jobs.size, 1);
    assert.equal(world.calls.get("train_model"), 1);
  });
});

for (const when of ["before", "after"] as const) {
  const tools = [
    ...[
      "search_datasets",
      "download_dataset",
      "profile_dataset",
      "train_model",
      "get_training_job",
      "validate_model",
    ],
    ...["deploy_model", "test_endpoint", "get_deployment_status"],
  ];
  for (const tool of tools) {
    Deno.test(`a server that dies ${when} doing ${tool} is started again and the run goes on`, async () => {
      await onStage(async ({ newRun, work, world }) => {
        world.deaths.push({ tool, call: 1, when });
        const run_id = newRun(REQUEST, { yes: true });
        const outcome = await work(run_id);
        assert.deepEqual(outcome, { status: "succeeded", error: null });
        assert.equal(world.jobs.size, 1);
        assert.equal(world.deployments.get("penguins-species")?.version, 1);
        const starts = world.starts.kaggle + world.starts.training + world.starts.deploy;
        assert.equal(starts, 4, "one of the three was started twice");
      });
    });
  }
}

Deno.test("a server that dies again and again fails the run, which can be resumed", async () => {
  await onStage(async ({ newRun, work, world }) => {
    world.deaths.push({ tool: "validate_model", call: 1, when: "before" }, {
      tool: "validate_model",
      call: 2,
      when: "before",
    });
    const run_id = newRun(REQUEST, { yes: true });
    const outcome = await work(run_id);
    assert.equal(outcome.status, "failed");
    assert.equal(outcome.error?.code, "unavailable");
    assert.match(outcome.error!.message, /Cannot finish validate_model: the training-server went away/);
    assert.equal((await work(run_id)).status, "succeeded");
  });
});

Deno.test("a run has one worker at a time, and the lock is free again when it is given back", async () => {
  await onStage(({ newRun, journal }) => {
    const run_id = newRun(REQUEST);
    const lock = journal.lock(run_id);
    assert.notEqual(lock, null);
    assert.equal(journal.lock(run_id), null);
    assert.equal(journal.statusNow(journal.run(run_id)), "running");
    lock!.release();
    assert.equal(journal.statusNow(journal.run(run_id)), "interrupted");
    return Promise.resolve();
  });
});

Deno.test("two runs at once in one home both end, each with its own job", async () => {
  await onStage(async ({ newRun, work, world, result }) => {
    const one = newRun("predict species from a.csv", { yes: true });
    const two = newRun("predict sex from b.csv", { yes: true });
    // The fake says whose job it is by the run it was last told of; real ones read the token.
    const honest = world.tools.training.train_model;
    world.tools.training.train_model = (input) => {
      world.run_id = input.target === "sex" ? two : one;
      return honest(input);
    };
    const outcomes = await Promise.all([work(one), work(two)]);
    assert.deepEqual(outcomes.map((outcome) => outcome.status), ["succeeded", "succeeded"]);
    assert.equal(world.jobs.size, 2);
    assert.notEqual(result(one).deployment?.endpoint, result(two).deployment?.endpoint);
  });
});

Deno.test("a resume refuses to change what a finished step rests on", async () => {
  await onStage(async ({ newRun, work, journal }) => {
    const run_id = newRun(REQUEST);
    await work(run_id);
    const run = journal.run(run_id);
    const steps = journal.steps(run_id);
    assert.throws(() => checkResume(run, steps, { target: "sex" }), {
      message: `Cannot change --target of ${run_id}: its step "train" is done`,
    });
    assert.equal(checkResume(run, steps, { yes: true, endpoint: "other" }), run.plan);
    assert.equal(newOptions(run.options, { yes: true }).yes, true);
  });
});

Deno.test("a resume with another target plans again when nothing was trained", async () => {
  await onStage(async ({ newRun, work, journal, result }) => {
    const run_id = newRun("look at birds.csv", { yes: true });
    const outcome = await work(run_id);
    assert.equal(outcome.error?.missing?.[0].about, "target");
    const options = newOptions(journal.run(run_id).options, { target: "sex" });
    const plan = checkResume(journal.run(run_id), journal.steps(run_id), { target: "sex" });
    journal.setRun(run_id, { options, plan });
    assert.equal((await work(run_id)).status, "succeeded");
    assert.equal(result(run_id).target, "sex");
  });
});

Deno.test("a full disk is told of as such, and the run goes on when there is room", async () => {
  await onStage(async ({ home, newRun, work }) => {
    const run_id = newRun(REQUEST, { yes: true });
    // SQLite's words for a full disk, from a trigger.
    const db = new DatabaseSync(home.database);
    db.exec(`CREATE TRIGGER no_room BEFORE INSERT ON step WHEN NEW.step = 'train'
             BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`);
    const outcome = await work(run_id);
    assert.equal(outcome.error?.code, "resource_exhausted");
    assert.match(outcome.error!.message, /^Cannot write the run's journal in .*: the disk is full$/);
    db.exec("DROP TRIGGER no_room");
    db.close();
    assert.equal((await work(run_id)).status, "succeeded");
  });
});
