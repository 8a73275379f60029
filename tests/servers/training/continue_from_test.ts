/** train_model with continue_from: what goes on, what is refused, and that sealed rows stay unseen. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeArtifact } from "@/artifact/artifact.ts";
import { Random } from "@/shared/random.ts";
import { atTraining } from "./with_files.ts";
import type { Desk } from "../in_memory.ts";

function table(seed: number, classes = ["no", "yes"]): string {
  const random = new Random(seed);
  const lines = Array.from({ length: 400 }, (_, i) => {
    const [a, b] = [random.normal(), random.normal()];
    const y = classes[i % 7 === 0 ? classes.length - 1 : a + b + 0.5 * random.normal() > 0 ? 1 : 0];
    return `${a.toFixed(4)},${b.toFixed(4)},${["red", "green", "blue"][i % 3]},${y}`;
  });
  return ["a,b,c,y", ...lines].join("\n");
}

async function ok(desk: Desk, tool: string, input: Record<string, unknown>) {
  const { structured, isError, text } = await desk.call(tool, input);
  assert.equal(isError, false, text);
  // deno-lint-ignore no-explicit-any
  return structured as any;
}

async function train(desk: Desk, input: Record<string, unknown>) {
  const job = await ok(desk, "train_model", { target: "y", wait_s: 45, ...input });
  assert.equal(job.status, "succeeded", JSON.stringify(job.error));
  return job;
}

const STEPS = { gradient_boosting: "max_iter", random_forest: "n_estimators", extra_trees: "n_estimators" };

for (const [algorithm, steps] of Object.entries(STEPS)) {
  Deno.test(`${algorithm} continued on its data is the model of all steps at once, with its parent and unseen sealed rows`, () =>
    atTraining(async (desk, folder) => {
      const dataset = join(folder, "t.csv");
      await Deno.writeTextFile(dataset, table(1));
      const asked = { dataset, algorithm, seed: 4, validation: { folds: 2, test_fraction: 0.25 } };
      const first = await train(desk, { ...asked, params: { [steps]: 20 }, name: "first" });
      const whole = await train(desk, { ...asked, params: { [steps]: 30 }, name: "whole" });
      const more = await train(desk, { dataset, continue_from: "first@1", params: { [steps]: 30 } });
      assert.deepEqual([more.model_id, more.params], ["first@2", whole.params]);
      assert.deepEqual(more.metrics, whole.metrics);
      assert.match(more.metrics_from, /2-fold .*each fold fitted from the start/);
      assert.deepEqual(more.findings, first.findings);

      const model = async (model_id: string) => await ok(desk, "get_model_metrics", { model_id });
      const [one, two] = [await model("first@1"), await model("first@2")];
      assert.equal(one.continued_from, null);
      assert.deepEqual(two.continued_from, { model_id: "first@1", artifact_sha256: one.artifact_sha256 });
      const artifact = (sha256: string) =>
        decodeArtifact(Deno.readFileSync(join(folder, "home", "models", sha256, "model.safetensors")));
      const [learned, expected] = [two, await model("whole")].map((m) => artifact(m.artifact_sha256));
      assert.deepEqual(learned.pipeline, expected.pipeline);
      assert.equal(learned.continued_from, one.artifact_sha256);
      const sealed = [...Deno.readDirSync(join(folder, "home", "holdouts"))];
      assert.equal(sealed.length, 1, "all three have sealed the same rows");
      assert.equal((await ok(desk, "validate_model", { model_id: "first@2" })).rows, 100);
    }));
}

Deno.test("mlp is continued with more epochs", () =>
  atTraining(async (desk, folder) => {
    const dataset = join(folder, "t.csv");
    await Deno.writeTextFile(dataset, table(1));
    const params = { max_iter: 5, hidden_layer_sizes: [8] };
    await train(desk, { dataset, algorithm: "mlp", params, name: "net", validation: { folds: 2 } });
    const more = await train(desk, { dataset, continue_from: "net", params: { max_iter: 12 } });
    assert.deepEqual([more.model_id, more.params.hidden_layer_sizes], ["net@2", [8]]);
    assert.deepEqual(more.findings.filter(({ check }: { check: string }) => check === "seen_before"), []);
  }));

Deno.test("a model continued on other data, or when it came as a file, says that its sealed rows may be known", () =>
  atTraining(async (desk, folder) => {
    const [dataset, other] = ["t.csv", "other.csv"].map((name) => join(folder, name));
    await Deno.writeTextFile(dataset, table(1));
    await Deno.writeTextFile(other, table(2));
    const asked = { algorithm: "random_forest", validation: { folds: 2 } };
    await train(desk, { ...asked, dataset, params: { n_estimators: 5 }, name: "trees" });
    const warned = (job: { findings: { check: string; severity: string }[] }) =>
      job.findings.filter(({ check }) => check === "seen_before").map(({ severity }) => severity);
    const more = await train(desk, { dataset: other, continue_from: "trees@1", params: { n_estimators: 8 } });
    assert.deepEqual(warned(more), ["warning"]);
    assert.match(more.findings[0].message, /may have learned from rows that are now sealed/);
    const again = await train(desk, {
      dataset: other,
      continue_from: "trees@2",
      params: { n_estimators: 9 },
    });
    assert.deepEqual(warned(again), ["warning"], "it is told of those that go on from there, too");
    const path = join(folder, "trees.safetensors");
    const { artifact_sha256 } = await ok(desk, "get_model_metrics", { model_id: "trees@1" });
    await Deno.copyFile(join(folder, "home", "models", artifact_sha256, "model.safetensors"), path);
    await ok(desk, "load_model", { path, name: "loaded" });
    const loaded = await train(desk, { dataset, continue_from: "loaded", params: { n_estimators: 8 } });
    assert.deepEqual(warned(loaded), ["warning"]);
  }));

Deno.test("continue_from refuses what differs from the model, naming the parameter, the rule and the value", () =>
  atTraining(async (desk, folder) => {
    const path = (name: string, text: string) => {
      Deno.writeTextFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const dataset = path("t.csv", table(1));
    const asked = { dataset, algorithm: "gradient_boosting", seed: 3, validation: { folds: 2 } };
    await train(desk, { ...asked, params: { max_iter: 5, max_bins: 64 }, name: "boosted" });
    await train(desk, { ...asked, algorithm: "gaussian_nb", name: "bayes" });
    const more = { dataset, target: "y", continue_from: "boosted", params: { max_iter: 9 }, wait_s: 0 };
    const cases: [Record<string, unknown>, string, RegExp][] = [
      [
        { continue_from: "bayes" },
        "failed_precondition",
        /continue gaussian_nb.*learns in one piece.*gradient_boosting/,
      ],
      [{ continue_from: "nobody" }, "not_found", /"nobody"/],
      [
        { algorithm: "mlp" },
        "invalid_argument",
        /algorithm is "mlp", but the rule is: as in the model, "gradient_boosting"/,
      ],
      [{ target: "c" }, "invalid_argument", /target is "c", but the rule is: as in the model, "y"/],
      [{ task: "regression" }, "invalid_argument", /task is "regression".*"classification"/],
      [{ seed: 5 }, "invalid_argument", /seed is 5.*3/],
      [{ features: ["a"] }, "invalid_argument", /features is \["a"\].*\["a","b","c"\]/],
      [{ exclude: ["b"] }, "invalid_argument", /exclude is \["b"\]/],
      [{ validation: { folds: 3 } }, "invalid_argument", /validation is .*"folds":3.*"folds":2/],
      [
        { params: { max_iter: 9, max_bins: 32 } },
        "invalid_argument",
        /max_bins is 32, but the rule is: as in the model, 64/,
      ],
      [{ params: { max_iter: 5 } }, "invalid_argument", /max_iter is 5, but the rule is: more than the 5/],
      [{ params: { max_iter: 9, nope: 1 } }, "invalid_argument", /no parameter "nope"/],
      [{ dataset: path("less.csv", table(1).replaceAll(/,(red|green|blue|c),/g, ",")) }, "not_found", /"c"/],
      [
        { dataset: path("three.csv", table(1, ["no", "yes", "maybe"])) },
        "invalid_argument",
        /class "maybe", which the model does not know.*no, yes/,
      ],
    ];
    for (const [change, code, expected] of cases) {
      const { structured, isError, text } = await desk.call("train_model", { ...more, ...change });
      assert.equal(isError, true, text);
      assert.deepEqual(structured.code, code, text);
      assert.match(`${structured.message} ${structured.hint}`, expected);
    }
    assert.equal((await ok(desk, "list_training_jobs", {})).jobs.length, 2);
  }));
