import assert from "node:assert/strict";
import { withDefaults } from "../../../agent/options.ts";
import { makePlan } from "../../../agent/planner/make_plan.ts";
import type { AgentOptions } from "../../../agent/options.ts";
import type { Profile } from "../../../agent/tool_results.ts";
import * as data from "./profiles.ts";

interface Case {
  request: string;
  profile: Profile;
  options?: Partial<AgentOptions>;
  known?: string;
  known_task?: string;
  counts?: number[];
}

async function plan({ request, profile, options, known, known_task, counts }: Case) {
  return await makePlan({
    request,
    profile,
    options: withDefaults(options ?? {}),
    dataset: "/data/table.csv",
    dataset_name: "table",
    known_target: known,
    known_task,
    countClasses: () => Promise.resolve(counts ?? []),
  });
}

const PLANS: [Case, string][] = [
  [
    { request: "predict the species of a penguin", profile: data.PENGUINS },
    "species classification accuracy",
  ],
  [
    { request: "Predict a penguin's sex", profile: data.PENGUINS, known: "species" },
    "sex classification accuracy",
  ],
  [{ request: "what is the body mass of a penguin?", profile: data.PENGUINS }, "body_mass_g regression r2"],
  [{ request: "estimate body weight", profile: data.PENGUINS }, "body_mass_g regression r2"],
  [{ request: "how long are the flippers", profile: data.PENGUINS }, "flipper_length_mm regression r2"],
  [{ request: "penguins", profile: data.PENGUINS, known: "species" }, "species classification accuracy"],
  [
    { request: "classify the island from the bill depth", profile: data.PENGUINS },
    "island classification balanced_accuracy",
  ],
  [
    { request: "predict which customers leave", profile: data.CHURN, counts: [7963, 2037] },
    "Exited classification roc_auc",
  ],
  [{ request: "customer churn", profile: data.CHURN, counts: [7963, 2037] }, "Exited classification roc_auc"],
  [
    { request: "predict Exited", profile: data.CHURN, counts: [5100, 4900] },
    "Exited classification accuracy",
  ],
  [{ request: "forecast the balance", profile: data.CHURN }, "Balance regression r2"],
  [{ request: "predict the price of a house", profile: data.HOUSES }, "median_house_value regression r2"],
  [{ request: "predict house prices", profile: data.HOUSES }, "median_house_value regression r2"],
  [
    { request: "train a model that predicts median_house_value", profile: data.HOUSES },
    "median_house_value regression r2",
  ],
  [{ request: "estimate the income", profile: data.HOUSES }, "median_income regression r2"],
  [
    { request: "who survived the titanic", profile: data.TITANIC, counts: [809, 500] },
    "survived classification accuracy",
  ],
  [
    { request: "predict survival of passengers", profile: data.TITANIC, counts: [809, 500] },
    "survived classification accuracy",
  ],
  [{ request: "predict how much a passenger paid (fare)", profile: data.TITANIC }, "fare regression r2"],
  [
    { request: "predict the quality of wine", profile: data.WINE, counts: [681, 638, 199, 53, 18, 10] },
    "quality classification balanced_accuracy",
  ],
  [
    { request: "predict the quality of wine", profile: data.WINE, options: { task: "regression" } },
    "quality regression r2",
  ],
  [{ request: "how much alcohol", profile: data.WINE }, "alcohol regression r2"],
  [{ request: "detect fraud", profile: data.FRAUD }, "is_fraud classification roc_auc"],
  [{ request: "detect fraud", profile: data.FRAUD, options: { metric: "f1" } }, "is_fraud classification f1"],
  [{ request: "train the best model you can", profile: data.NUMBERS }, "target regression r2"],
  [{ request: "build something", profile: data.NUMBERS, options: { target: "f1" } }, "f1 regression r2"],
  [{ request: "predict the price", profile: data.PRICES }, "price regression r2"],
  [{ request: "", profile: data.WINE, known: "quality", known_task: "regression" }, "quality regression r2"],
  [{ request: "predict y", profile: data.LETTERS }, "y regression r2"],
  [{ request: "predict the column x from the others", profile: data.LETTERS }, "x regression r2"],
  [{ request: "Predict class.", profile: data.LETTERS }, "class classification accuracy"],
  [
    { request: "x", profile: data.PENGUINS, options: { target: "SPECIES" } },
    "species classification accuracy",
  ],
];

for (const [input, expected] of PLANS) {
  const options = input.options ? ` ${JSON.stringify(input.options)}` : "";
  Deno.test(`the plan for "${input.request}"${options} over ${input.profile.columns} columns is ${expected}`, async () => {
    const decision = await plan(input);
    assert.equal(decision.kind, "decided");
    if (decision.kind !== "decided") return;
    const { target, task, metric } = decision.value;
    assert.equal(`${target} ${task} ${metric}`, expected);
  });
}

const UNKNOWN: [Case, RegExp][] = [
  [{ request: "train a model", profile: data.CHURN }, /no column's name fits the request/],
  [{ request: "predict the weather", profile: data.PENGUINS }, /no column's name fits the request/],
  [{ request: "predict the bill", profile: data.PENGUINS }, /fits "bill_length_mm", "bill_depth_mm" alike/],
];

for (const [input, reason] of UNKNOWN) {
  Deno.test(`the target is asked for when the request is "${input.request}"`, async () => {
    const decision = await plan(input);
    assert.equal(decision.kind, "missing");
    if (decision.kind !== "missing") return;
    const [question] = decision.questions;
    assert.equal(question.about, "target");
    assert.match(question.reason, reason);
    assert.equal(question.choices.some((choice) => choice.value === "customer_id"), false);
  });
}

const REFUSED: [Case, RegExp, RegExp][] = [
  [
    { request: "x", profile: data.PENGUINS, options: { target: "specis" } },
    /^Cannot predict "specis": the data has no such column$/,
    /Did you mean --target "species"\?/,
  ],
  [
    { request: "x", profile: data.CHURN, options: { target: "customer_id" } },
    /every value occurs once/,
    /Choose another column with --target/,
  ],
  [
    {
      request: "x",
      profile: data.profile(50, data.number("a", 50), data.words("c", { same: 50 })),
      options: { target: "c" },
    },
    /^Cannot predict "c": every row has the same value/,
    /Choose another column/,
  ],
  [
    { request: "x", profile: data.profile(50, data.number("only", 50)), options: { target: "only" } },
    /it is the only column/,
    /at least one more column/,
  ],
  [
    {
      request: "x",
      profile: data.profile(50, data.number("a", 50), { ...data.number("gone", 0), missing: 50 }),
      options: { target: "gone" },
    },
    /all its values are missing/,
    /Choose another column/,
  ],
  [
    {
      request: "x",
      profile: data.profile(50, data.number("a", 50), data.unique("when", 50, "date")),
      options: { target: "when" },
    },
    /it holds dates/,
    /Choose another column/,
  ],
  [
    {
      request: "x",
      profile: data.profile(50, data.number("a", 50), data.unique("note", 50, "text")),
      options: { target: "note" },
    },
    /every one of its 50 values occurs once/,
    /Choose another column/,
  ],
  [
    { request: "predict species", profile: data.PENGUINS, options: { param: { max_depth: 3 } } },
    /^Cannot use --param with the algorithm auto/,
    /--algorithm random_forest --param/,
  ],
];

for (const [input, message, hint] of REFUSED) {
  Deno.test(`a plan is refused with ${message}`, async () => {
    await assert.rejects(plan(input), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, "invalid_argument");
      assert.match(error.message, message);
      assert.match(error.hint, hint);
      return true;
    });
  });
}

Deno.test("every decision that nobody made comes with its reason", async () => {
  const decision = await plan({
    request: "predict which customers leave",
    profile: data.CHURN,
    counts: [7963, 2037],
  });
  assert.equal(decision.kind, "decided");
  if (decision.kind !== "decided") return;
  assert.deepEqual(decision.assumptions.map((one) => one.about), [
    "target",
    "task",
    "metric",
    "algorithm",
    "endpoint",
  ]);
  assert.match(decision.assumptions[0].reason, /"leave"/);
  assert.match(decision.assumptions[2].reason, /only 20\.4 % of the rows/);
});

Deno.test("no decision is called an assumption when the person made it", async () => {
  const options = {
    target: "species",
    task: "classification",
    metric: "f1",
    algorithm: "ridge",
    endpoint: "birds",
  } as const;
  const decision = await plan({ request: "x", profile: data.PENGUINS, options });
  assert.deepEqual(decision.kind === "decided" && decision.assumptions, []);
});

Deno.test("names of models and endpoints come from the data and the target", async () => {
  const nameFor = async (dataset_name: string, target: string) => {
    const profile = data.profile(100, data.number("a", 90), data.words(target, { x: 50, y: 50 }));
    const decision = await makePlan({
      ...{ request: "", profile, dataset: "d", dataset_name, known_target: undefined, known_task: undefined },
      options: withDefaults({ target }),
      countClasses: () => Promise.resolve([]),
    });
    return decision.kind === "decided" ? [decision.value.model_name, decision.value.endpoint] : null;
  };
  assert.deepEqual(await nameFor("penguins", "species"), ["penguins-species", "penguins-species"]);
  assert.deepEqual(await nameFor("My Häuser (2024)", "Preis €"), [
    "my-hauser-2024-preis",
    "my-hauser-2024-preis",
  ]);
  assert.deepEqual(await nameFor("table", "class"), ["table", "table"]);
  assert.deepEqual(await nameFor("日本", "y"), ["data", "data"]);
});
