import assert from "node:assert/strict";
import { AppError } from "@/shared/errors.ts";
import { newWorld } from "./fake_servers.ts";
import { onStage, scriptedAsker } from "./run_in_memory.ts";

const REQUEST = "predict the species of a penguin";

Deno.test("a run goes through the seven steps and ends with a tested endpoint", async () => {
  await onStage(async ({ newRun, work, result, world }) => {
    const run_id = newRun(REQUEST, { yes: true });
    assert.deepEqual(await work(run_id), { status: "succeeded", error: null });
    const done = result(run_id);
    assert.deepEqual(done.steps.map((step) => [step.step, step.tool, step.status]), [
      ["find", "search_datasets", "succeeded"],
      ["fetch", "download_dataset", "succeeded"],
      ["train", "train_model", "succeeded"],
      ["validate", "validate_model", "succeeded"],
      ["deploy", "deploy_model", "succeeded"],
      ["test", "test_endpoint", "succeeded"],
      ["watch", "get_deployment_status", "succeeded"],
    ]);
    assert.equal(done.dataset?.ref, "sample/penguins");
    assert.equal(done.dataset?.license, "CC0-1.0");
    assert.deepEqual([done.target, done.task], ["species", "classification"]);
    assert.equal(done.model?.model_id, "penguins-species@1");
    assert.equal(done.validation?.gate_id, "gate_1");
    assert.equal(done.deployment?.url, "http://127.0.0.1:8100");
    assert.equal(done.test?.passed, true);
    assert.equal(world.calls.get("train_model"), 1);
    assert.deepEqual(world.starts, { kaggle: 1, training: 1, deploy: 1 });
  });
});

Deno.test("a run asks for a tenth of the way from the baseline to perfect and says so", async () => {
  await onStage(async ({ newRun, work, result, world }) => {
    const run_id = newRun(REQUEST, { yes: true });
    await work(run_id);
    // 0.4419 + 0.1 * (1 - 0.4419) = 0.49771, rounded up to four digits.
    assert.equal(world.inputs.get("validate_model")?.[0].min_score, 0.4978);
    const assumption = result(run_id).assumptions.find((one) => one.about === "min_score");
    assert.match(assumption!.reason, /a tenth of the way from the baseline's 0.4419/);
  });
});

Deno.test("a run is refused when the score is below the threshold, and nothing is deployed", async () => {
  await onStage(async ({ newRun, work, result, world, journal }) => {
    const run_id = newRun(REQUEST, { yes: true, min_score: 0.99 });
    const outcome = await work(run_id);
    assert.equal(outcome.status, "refused");
    assert.match(outcome.error!.message, /accuracy 0\.9855 on unseen rows, at least 0\.99 needed: refused/);
    assert.equal(world.calls.get("deploy_model"), undefined);
    const done = result(run_id);
    assert.equal(done.deployment, null);
    assert.equal(done.validation?.passed, false);
    assert.equal(done.steps.at(-1)?.status, "refused");
    // A lower bar, on resume, measures again and deploys; training is not done again.
    journal.setRun(run_id, { options: { ...journal.run(run_id).options, min_score: 0.9 } });
    assert.equal((await work(run_id)).status, "succeeded");
    assert.equal(world.calls.get("train_model"), 1);
    assert.equal(world.calls.get("deploy_model"), 1);
  });
});

Deno.test("a run without a terminal and without --yes is declined, and a resume with --yes deploys", async () => {
  await onStage(async ({ newRun, work, result, world, journal }) => {
    const run_id = newRun(REQUEST);
    const outcome = await work(run_id);
    assert.equal(outcome.status, "declined");
    assert.match(outcome.error!.hint, new RegExp(`mlmcp agent resume ${run_id} --yes`));
    assert.equal(world.calls.get("deploy_model"), undefined);
    assert.equal(result(run_id).deployment, null);
    journal.setRun(run_id, { options: { ...journal.run(run_id).options, yes: true } });
    assert.equal((await work(run_id)).status, "succeeded");
    assert.equal(world.calls.get("train_model"), 1);
    assert.equal(world.calls.get("validate_model"), 1);
  });
});

Deno.test("a person at the terminal is asked before deploying, and their no is obeyed", async () => {
  await onStage(async ({ newRun, work, world }) => {
    const no = scriptedAsker(["no"]);
    assert.equal((await work(newRun(REQUEST), { asker: no })).status, "declined");
    assert.match(no.asked[0], /Deploy penguins-species@1 to the endpoint "penguins-species"\?/);
    assert.equal(world.calls.get("deploy_model"), undefined);
    assert.equal((await work(newRun(REQUEST), { asker: scriptedAsker(["yes"]) })).status, "succeeded");
  });
});

Deno.test("a run with --no-deploy stops after validation and starts no deploy-server", async () => {
  await onStage(async ({ newRun, work, result, world }) => {
    const run_id = newRun(REQUEST, { no_deploy: true });
    assert.equal((await work(run_id)).status, "succeeded");
    assert.equal(result(run_id).steps.length, 4);
    assert.equal(result(run_id).deployment, null);
    assert.equal(world.starts.deploy, 0);
  });
});

Deno.test("a run on a local file needs no kaggle-server", async () => {
  await onStage(async ({ newRun, work, result, world }) => {
    const run_id = newRun("predict species from ./birds.csv", { yes: true });
    assert.equal((await work(run_id)).status, "succeeded");
    assert.equal(world.starts.kaggle, 0);
    assert.equal(world.inputs.get("train_model")?.[0].dataset, "/data/birds.csv");
    assert.equal(result(run_id).dataset?.ref, "/data/birds.csv");
    assert.equal(result(run_id).deployment?.endpoint, "birds-species");
  });
});

Deno.test("a run that can't know the data fails with everything that is missing", async () => {
  await onStage(async ({ newRun, work }) => {
    const outcome = await work(newRun("predict which customers leave"));
    assert.equal(outcome.status, "failed");
    assert.equal(outcome.error?.code, "invalid_argument");
    assert.equal(outcome.error?.missing?.[0].about, "dataset");
    assert.match(outcome.error!.hint, /--dataset REF/);
  });
});

Deno.test("a person at the terminal is asked for the data and the target", async () => {
  await onStage(async ({ newRun, work, result }) => {
    const asker = scriptedAsker(["/data/birds.csv", "sex", "yes"]);
    const run_id = newRun("tell me something interesting");
    assert.equal((await work(run_id, { asker })).status, "succeeded");
    assert.equal(result(run_id).target, "sex");
    assert.equal(asker.asked.length, 3);
  });
});

Deno.test("a run fails when the endpoint does not pass its test, and says which check", async () => {
  const world = newWorld({
    deploy: {
      test_endpoint: () => ({
        passed: false,
        checks: [{ name: "golden rows", passed: false, detail: "row 3 differs" }],
      }),
    },
  });
  await onStage(async ({ newRun, work, result }) => {
    const run_id = newRun(REQUEST, { yes: true });
    const outcome = await work(run_id);
    assert.equal(outcome.status, "failed");
    assert.match(outcome.error!.message, /golden rows \(row 3 differs\)/);
    assert.equal(result(run_id).test?.passed, false);
    assert.notEqual(result(run_id).deployment, null);
  }, world);
});

Deno.test("a failed training job ends the run with the job's own error, and a resume trains again", async () => {
  let broken = true;
  const world = newWorld();
  const honest = world.tools.training.get_training_job;
  world.tools.training.get_training_job = (input) => {
    if (!broken) return honest(input);
    Object.assign(world.jobs.get(String(input.job_id))!, { status: "failed" });
    return {
      job_id: input.job_id,
      status: "failed",
      error: { code: "failed_precondition", message: "Cannot train: a class has one row", hint: "Add rows." },
    };
  };
  await onStage(async ({ newRun, work, world }) => {
    const run_id = newRun(REQUEST, { yes: true });
    const outcome = await work(run_id);
    assert.deepEqual(outcome.error, {
      code: "failed_precondition",
      message: "Cannot train: a class has one row",
      hint: "Add rows.",
    });
    broken = false;
    assert.equal((await work(run_id)).status, "succeeded");
    assert.equal(world.calls.get("train_model"), 2);
  }, world);
});

Deno.test("an interrupted run ends as interrupted and can be resumed", async () => {
  await onStage(async ({ newRun, work, journal, world }) => {
    const interrupt = new AbortController();
    const run_id = newRun(REQUEST, { yes: true });
    const fault = (point: string) => {
      if (point === "train:started") interrupt.abort("SIGINT");
      return Promise.resolve();
    };
    const outcome = await work(run_id, { signal: interrupt.signal, fault });
    assert.equal(outcome.status, "interrupted");
    assert.match(outcome.error!.hint, /resume/);
    assert.equal(journal.step(run_id, "train")?.status, "interrupted");
    assert.equal((await work(run_id)).status, "succeeded");
    assert.equal(world.calls.get("download_dataset"), 1);
  });
});

Deno.test("watching reports what changes until the time is over", async () => {
  const world = newWorld();
  const honest = world.tools.deploy.get_deployment_status;
  let asked = 0;
  world.tools.deploy.get_deployment_status = async (input) => {
    const answer = await honest(input);
    return ++asked < 3 ? answer : { ...answer, status: "degraded" };
  };
  await onStage(async ({ newRun, work, result, told }) => {
    let time = 0;
    const clock = {
      now: () => time,
      sleep: (ms: number) => {
        time += ms;
        return Promise.resolve();
      },
    };
    const run_id = newRun(REQUEST, { yes: true, watch: 5 });
    assert.equal((await work(run_id, { clock })).status, "succeeded");
    assert.equal(asked, 6);
    assert.deepEqual(result(run_id).monitoring?.changes.map((one) => one.change), ["ready -> degraded"]);
    assert.ok(told.lines.includes("penguins-species: ready -> degraded"));
  }, world);
});

Deno.test("watching reports alerts that fire and resolve, and columns that drift", async () => {
  const world = newWorld();
  const honest = world.tools.deploy.get_deployment_status;
  const alert = { alert_id: "alert_1", rule: "error_rate > 0.05 for 30s", value: 0.2, fired_at: "now" };
  const drift = (verdict: string | null) => ({ verdict, columns: [{ name: "bill_length_mm", verdict }] });
  const story = [
    {},
    { drift: drift(null), alerts: [] },
    { drift: drift("drift"), alerts: [{ ...alert, state: "firing" }] },
    { drift: drift("drift"), alerts: [{ ...alert, state: "firing" }] },
    { drift: drift("none"), alerts: [{ ...alert, state: "resolved" }] },
  ];
  let asked = 0;
  world.tools.deploy.get_deployment_status = async (input) => ({
    ...await honest(input),
    ...story[Math.min(asked++, story.length - 1)],
  });
  await onStage(async ({ newRun, work, result }) => {
    let time = 0;
    const sleep = (ms: number) => {
      time += ms;
      return Promise.resolve();
    };
    const run_id = newRun(REQUEST, { yes: true, watch: 5 });
    await work(run_id, { clock: { now: () => time, sleep } });
    assert.deepEqual(result(run_id).monitoring?.changes.map((one) => one.change), [
      "drift of bill_length_mm: none -> drift",
      "ALERT error_rate > 0.05 for 30s (it is 0.2)",
      "drift of bill_length_mm: drift -> none",
      "alert resolved: error_rate > 0.05 for 30s",
    ]);
  }, world);
});

Deno.test("a long download is waited for, and begun again when its server has forgotten it", async () => {
  const world = newWorld();
  const whole = world.tools.kaggle.download_dataset;
  let begun = 0;
  world.tools.kaggle.download_dataset = async (input) => {
    const { ref } = input;
    return ++begun < 2 ? { status: "running", download_id: "dl_1", ref, notes: [] } : await whole(input);
  };
  const waits: string[] = [];
  world.tools.kaggle.get_download = ({ download_id }) => {
    waits.push(String(download_id));
    if (waits.length < 3) return { status: "running", download_id, ref: "sample/penguins", notes: [] };
    throw new AppError("not_found", "Cannot find the download dl_1: this server does not know it");
  };
  await onStage(async ({ newRun, work, result }) => {
    const run_id = newRun(REQUEST, { no_deploy: true });
    assert.equal((await work(run_id)).status, "succeeded");
    assert.deepEqual([begun, waits], [2, ["dl_1", "dl_1", "dl_1"]]);
    assert.equal(result(run_id).dataset?.dataset_id, "ds_sample_penguins");
  }, world);
});

Deno.test("a download that failed ends the run with its own reason", async () => {
  const error = {
    code: "permission_denied",
    message: "Cannot download a/b-c: Kaggle refuses",
    hint: "Accept its rules.",
  };
  const world = newWorld({
    kaggle: {
      get_dataset_metadata: ({ ref }) => ({ ref, title: "B" }),
      download_dataset: ({ ref }) => ({ status: "failed", download_id: "dl_1", ref, error, notes: [] }),
    },
  });
  await onStage(async ({ newRun, work }) => {
    const outcome = await work(newRun("predict y from a/b-c", { yes: true, dataset: "a/b-c/versions/1" }));
    assert.deepEqual([outcome.status, outcome.error], ["failed", error]);
  }, world);
});
