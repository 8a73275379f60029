/** What train_model does with what the checks find, and where it is written down. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Random } from "@/shared/random.ts";
import type { Desk } from "../in_memory.ts";
import { atTraining } from "./with_files.ts";

interface Answer {
  findings: { check: string; severity: string; columns: string[] }[];
  [field: string]: unknown;
}

async function ok(desk: Desk, tool: string, input: Record<string, unknown>): Promise<Answer> {
  const { isError, structured, text } = await desk.call(tool, input);
  assert.equal(isError, false, text);
  return structured as Answer;
}

/** Customers who leave, by honest columns and, told in hindsight, the reason. */
function customers(folder: string): string {
  const random = new Random(7);
  const lines = Array.from({ length: 300 }, () => {
    const [months, calls, plan] = [1 + random.below(60), random.below(9), ["a", "b"][random.below(2)]];
    const leaves = calls - months / 20 + 2 * random.normal() > 2;
    const paid = (random.float() * 90).toFixed(2);
    return [months, calls, plan, paid, leaves ? `R${random.below(2)}` : "none", leaves ? "yes" : "no"].join(
      ",",
    );
  });
  const path = join(folder, "customers.csv");
  Deno.writeTextFileSync(path, ["months,calls,plan,paid,reason,left", ...lines].join("\n"));
  return path;
}

Deno.test("train_model refuses a table with a leak, names it and the ways out, and each way leads on", () =>
  atTraining(async (desk, folder) => {
    const asked = { dataset: customers(folder), target: "left", algorithm: "gaussian_nb", wait_s: 45 };
    const { isError, structured } = await desk.call("train_model", asked);
    assert.equal(isError, true);
    assert.equal(structured.code, "failed_precondition");
    assert.match(String(structured.message), /target_leakage: "reason" alone tells "left"/);
    assert.match(String(structured.hint), /exclude: \["reason"\].*ignore_findings: \["target_leakage"\]/);
    assert.deepEqual((await ok(desk, "list_training_jobs", {})).jobs, []);

    const without = await ok(desk, "train_model", { ...asked, exclude: ["reason"] });
    assert.deepEqual([without.status, without.findings], ["succeeded", []]);

    for (const ignore_findings of [["target_leakage"], ["all"]]) {
      const trained = await ok(desk, "train_model", { ...asked, ignore_findings });
      assert.equal(trained.status, "succeeded");
      const job = await ok(desk, "get_training_job", { job_id: trained.job_id });
      const model = await ok(desk, "get_model_metrics", { model_id: trained.model_id });
      for (const { findings } of [trained, job, model]) {
        assert.deepEqual(findings.map(({ check, severity, columns }) => [check, severity, columns]), [
          ["target_leakage", "error", ["reason"]],
        ]);
      }
      assert.deepEqual(model.ignored_findings, ignore_findings);
    }
    const other = await desk.call("train_model", { ...asked, ignore_findings: ["imbalance"] });
    assert.equal(other.structured.code, "failed_precondition");
    const unknown = await desk.call("train_model", { ...asked, ignore_findings: ["leaks"] });
    assert.equal(unknown.structured.code, "invalid_argument");
  }));

Deno.test("train_model refuses patients on both sides of a random split, and takes a split by patient", () =>
  atTraining(async (desk, folder) => {
    const random = new Random(3);
    const ill = Array.from({ length: 60 }, () => random.float() < 0.5);
    const lines = Array.from({ length: 400 }, () => {
      const who = random.below(60);
      return [`P${who}`, (random.normal() + (ill[who] ? 1 : 0)).toFixed(3), ill[who] ? "ill" : "well"].join(
        ",",
      );
    });
    const path = join(folder, "patients.csv");
    Deno.writeTextFileSync(path, ["patient_id,pressure,state", ...lines].join("\n"));
    const asked = { dataset: path, target: "state", algorithm: "gaussian_nb", wait_s: 45 };
    const { structured } = await desk.call("train_model", asked);
    assert.equal(structured.code, "failed_precondition");
    assert.match(String(structured.hint), /validation {method: "group", column: "patient_id"}/);
    assert.doesNotMatch(String(structured.hint), /exclude:/);
    const validation = { method: "group", column: "patient_id" };
    const trained = await ok(desk, "train_model", { ...asked, validation });
    assert.deepEqual([trained.status, trained.findings], ["succeeded", []]);
  }));

Deno.test("a model of a clean sample carries no error, and says that nothing was ignored", () =>
  atTraining(async (desk) => {
    const asked = {
      dataset: "sample/seattle_weather",
      target: "weather",
      algorithm: "gaussian_nb",
      wait_s: 45,
    };
    const { model_id } = await ok(desk, "train_model", asked);
    const model = await ok(desk, "get_model_metrics", { model_id });
    assert.deepEqual(model.findings.filter(({ severity }) => severity === "error"), []);
    assert.deepEqual(model.ignored_findings, []);
  }));
