import assert from "node:assert/strict";
import { openLog } from "@/shared/log.ts";
import { openTrainingServices } from "../../../servers/training/services.ts";
import { TOOLS } from "../../../servers/training/tools.ts";
import { atDesk, commandIn, type Desk, type Era, ERAS } from "../in_memory.ts";

/** The server's tools with their real services, in a home of its own. */
async function atTraining(era: Era, work: (desk: Desk) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "mlmcp_training_" });
  const command = commandIn(home);
  const { services, close } = await openTrainingServices(command, openLog(null, "test", "error"));
  try {
    await atDesk({ era, tools: TOOLS, services, command }, work);
  } finally {
    await close();
    await Deno.remove(home, { recursive: true });
  }
}

async function ok(desk: Desk, tool: string, input: Record<string, unknown>) {
  const answer = await desk.call(tool, input);
  assert.equal(answer.isError, false, answer.text);
  return answer.structured;
}

/** The error's code, and its message and hint as one text. */
async function refused(desk: Desk, tool: string, input: Record<string, unknown>) {
  const answer = await desk.call(tool, input);
  assert.equal(answer.isError, true, answer.text);
  return [answer.structured.code, `${answer.structured.message} ${answer.structured.hint}`] as const;
}

const NAIVE = { dataset: "sample/penguins", target: "species", algorithm: "gaussian_nb", wait_s: 45 };

for (const era of ERAS) {
  Deno.test(`a table becomes a validated model that predicts rows of that table (${era})`, () =>
    atTraining(era, async (desk) => {
      const job = await ok(desk, "train_model", NAIVE);
      assert.deepEqual([job.status, job.model_id, job.algorithm], [
        "succeeded",
        "penguins@1",
        "gaussian_nb",
      ]);
      const validated = await ok(desk, "validate_model", { model_id: "penguins", min_score: 0.8 });
      assert.equal(validated.passed, true);
      assert.match(String(validated.gate_id), /^gate_/);
      const { predictions, warnings } = await ok(desk, "predict", {
        model_id: "penguins@1",
        rows: [{ species: "Adelie", island: "Torgersen", bill_length_mm: 39.1, bill_depth_mm: 18.7 }],
      });
      assert.deepEqual([predictions, warnings], [["Adelie"], []]);
    }));
}

Deno.test("train_model refuses at once what can't work, and queues no job", () =>
  atTraining("modern", async (desk) => {
    const cases: [Record<string, unknown>, string, RegExp][] = [
      [{ metric: "r2" }, "invalid_argument", /classification by r2/],
      [{ target: "nope" }, "not_found", /"nope".*species/],
      [{ params: { n_trees: 3 } }, "invalid_argument", /no parameter "n_trees"/],
      [{ params: { random_state: 3 } }, "invalid_argument", /say seed/],
      [
        { algorithm: "auto", sample_weight: "body_mass_g" },
        "invalid_argument",
        /weigh rows by column "body_mass_g": row 4 has no weight.*Weights are/,
      ],
      [{ algorithm: "auto", params: { tol: 1 } }, "invalid_argument", /belong to one algorithm/],
      [{ features: ["species", "island"] }, "invalid_argument", /it is the target/],
      [{ dataset: "sample/nothing" }, "not_found", /nothing/],
      [{ wait_s: 46 }, "invalid_argument", /wait_s/],
    ];
    for (const [change, code, message] of cases) {
      const [found, text] = await refused(desk, "train_model", { ...NAIVE, ...change });
      assert.equal(found, code, text);
      assert.match(text, message);
    }
    assert.deepEqual((await ok(desk, "list_training_jobs", {})).jobs, []);
  }));

Deno.test("lists go on where a page ended, and refuse a cursor that is none of theirs", () =>
  atTraining("modern", async (desk) => {
    for (const name of ["one", "two", "three"]) await ok(desk, "train_model", { ...NAIVE, name });
    const first = await ok(desk, "list_trained_models", { limit: 2 });
    const second = await ok(desk, "list_trained_models", { limit: 2, cursor: first.next_cursor });
    const names = [first, second].flatMap(({ models }) => models as { name: string }[]).map(({ name }) =>
      name
    );
    assert.deepEqual([names.toSorted(), second.next_cursor], [["one", "three", "two"], null]);
    const [code, text] = await refused(desk, "list_training_jobs", { cursor: "elsewhere" });
    assert.equal(code, "invalid_argument");
    assert.match(text, /cursor "elsewhere".*next_cursor/);
  }));
