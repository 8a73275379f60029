import assert from "node:assert/strict";
import { join } from "node:path";
import { modelNameFrom, openRegistry, type Registry } from "@/registry/registry.ts";
import { AppError } from "@/shared/errors.ts";
import { createHome, type Home } from "@/shared/home.ts";
import { smallArtifact } from "../small_model.ts";

async function withRegistry(work: (registry: Registry, home: Home) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const home = createHome(folder);
  const registry = openRegistry(home);
  try {
    await work(registry, home);
  } finally {
    registry.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("add() numbers the versions of a name from 1, and find() knows numbers, aliases and the newest", () =>
  withRegistry(async (registry) => {
    const first = await registry.add("small", smallArtifact());
    const second = await registry.add(
      "small",
      smallArtifact({ seed: 2, algorithm: "random_forest", params: { n_estimators: 3 } }),
    );
    assert.deepEqual([first.model_id, second.model_id], ["small@1", "small@2"]);
    registry.setAlias("small@1", "production");
    assert.equal(registry.find("small@production").version, 1);
    assert.equal(registry.find("small").version, 2);
    assert.equal(registry.find("small@1").dataset.license, "CC0-1.0");
    assert.deepEqual(registry.find("small@1").aliases, ["production"]);
    registry.setAlias("small@2", "production");
    assert.equal(registry.find("small@production").version, 2);
    assert.deepEqual(registry.list({ name: "small" }).map(({ version }) => version), [2, 1]);
  }));

Deno.test("add() keeps one version when a job that was killed after keeping its model runs again", () =>
  withRegistry(async (registry) => {
    const one = await registry.add("small", smallArtifact(), { job_id: "job_1" });
    const again = await registry.add("small", smallArtifact(), { job_id: "job_1" });
    assert.equal(again.model_id, one.model_id);
    assert.equal(registry.list().length, 1);
  }));

Deno.test("bytes() refuses a file with a flipped byte and a file that is gone", () =>
  withRegistry(async (registry, home) => {
    const model = await registry.add("small", smallArtifact());
    const path = join(home.models, model.artifact_sha256, "model.safetensors");
    const bytes = await Deno.readFile(path);
    bytes[bytes.length >> 1] ^= 1;
    await Deno.writeFile(path, bytes);
    assert.throws(
      () => registry.bytes(model),
      (error: AppError) => error.code === "data_loss" && /changed/.test(error.message),
    );
    await Deno.remove(path);
    assert.throws(
      () => registry.bytes(model),
      (error: AppError) => error.code === "data_loss" && /gone/.test(error.message),
    );
  }));

Deno.test("find() says what there is when a model is not there", () =>
  withRegistry(async (registry) => {
    assert.throws(() => registry.find("small@1"), (error: AppError) =>
      error.code === "not_found" && /None has been/.test(error.hint));
    await registry.add("small", smallArtifact());
    assert.throws(() =>
      registry.find("small@7"), (error: AppError) =>
      /small has no 7/.test(error.message) && /small@1/.test(error.hint));
    assert.throws(() =>
      registry.find("other"), (error: AppError) =>
      /small/.test(error.hint));
    assert.throws(() => registry.find("'; DROP TABLE model_version; --"), AppError);
  }));

Deno.test("add() refuses bytes that are no model and names that would not fit a URL", () =>
  withRegistry(async (registry) => {
    await assert.rejects(registry.add("small", new Uint8Array(100)), AppError);
    for (const name of ["", "Small", "a b", "../x", "-a", "a".repeat(65)]) {
      await assert.rejects(registry.add(name, smallArtifact()), /no model name/, name);
    }
    assert.equal(registry.list().length, 0);
    assert.equal(modelNameFrom("Iris (2 classes).v1"), "iris-2-classes-v1");
    assert.equal(modelNameFrom("___"), "model");
  }));

Deno.test("receipts are kept for the artifact that was measured", () =>
  withRegistry(async (registry) => {
    const model = await registry.add("small", smallArtifact());
    const receipt = registry.addReceipt({
      model_id: model.model_id,
      artifact_sha256: model.artifact_sha256,
      metric: "accuracy",
      score: 0.9,
      min_score: 0.8,
      passed: true,
      metrics: { accuracy: 0.9 },
      baseline: { accuracy: 0.5 },
      rows: 24,
      validated_on: "holdout",
      dataset_sha256: "0".repeat(64),
      caller: "test",
    });
    assert.deepEqual(registry.receipt(receipt.gate_id), receipt);
    assert.equal(registry.receipt("gate_unknown"), null);
    assert.deepEqual(registry.receiptsOf(model.artifact_sha256), [receipt]);
  }));
