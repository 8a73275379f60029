import assert from "node:assert/strict";
import { SAMPLES } from "@/dataset/samples.ts";
import { AppError } from "@/shared/errors.ts";
import { findDataset } from "../../../agent/planner/find_dataset.ts";
import type { FoundDataset } from "../../../agent/tool_results.ts";

const EMBEDDED: FoundDataset[] = SAMPLES.map((sample) => ({
  ref: `sample/${sample.name}`,
  title: sample.title,
  subtitle: undefined,
  description: sample.description,
  license: sample.license,
  target: sample.target,
  task: sample.task,
  tags: [...sample.keywords],
}));

const kaggle = (ref: string, title: string): FoundDataset => ({
  ...{ ref, title, subtitle: undefined, description: undefined, license: undefined, target: undefined },
  ...{ task: undefined, tags: [] },
});
const AT_KAGGLE = [
  kaggle("blastchar/telco-customer-churn", "Telco Customer Churn"),
  kaggle("camnugent/california-housing-prices", "California Housing Prices"),
  kaggle("mlg-ulb/creditcardfraud", "Credit Card Fraud Detection"),
];

async function find(
  request: string,
  more: { given?: string; target?: string; kaggle?: boolean; tables?: string[] } = {},
) {
  const queries: string[] = [];
  const decision = await findDataset({
    request,
    given: more.given,
    target: more.target,
    folders: { cwd: "/data", user: undefined },
    search(query) {
      queries.push(query);
      const all = more.kaggle ? [...EMBEDDED, ...AT_KAGGLE] : EMBEDDED;
      const words = query.split(" ");
      const datasets = all.filter((one) => {
        const text = `${one.title} ${one.description} ${one.tags.join(" ")} ${one.target}`.toLowerCase();
        return words.every((word) => text.includes(word.replace(/e?s$/, "")));
      });
      return Promise.resolve({ datasets, notes: more.kaggle ? [] : ["Kaggle can't be reached"] });
    },
    isTable: (path) => Promise.resolve((more.tables ?? []).includes(path)),
  });
  return { decision, queries };
}

const FOUND: [string, string][] = [
  ["predict the species of a penguin", "sample/penguins"],
  ["classify iris flowers", "sample/iris"],
  ["who survived the titanic?", "sample/titanic"],
  ["is a breast tumor malignant", "sample/breast_cancer"],
  ["predict the diagnosis of breast cancer", "sample/breast_cancer"],
  ["predict the miles per gallon of cars", "sample/auto_mpg"],
  ["how far does diabetes progress", "sample/diabetes"],
  ["predict the weather in Seattle", "sample/seattle_weather"],
  ["predict the cultivar of wine", "sample/wine"],
  ["train a model on the penguins data and deploy it", "sample/penguins"],
];

for (const [request, ref] of FOUND) {
  Deno.test(`the data set for "${request}" is ${ref}`, async () => {
    const { decision } = await find(request, { kaggle: true });
    assert.equal(decision.kind, "decided");
    assert.equal(decision.kind === "decided" && decision.value.value, ref);
    assert.equal(decision.kind === "decided" && decision.assumptions[0].about, "dataset");
  });
}

Deno.test("a request that no embedded set fits is searched for at Kaggle", async () => {
  const churn = await find("predict which customers leave", { kaggle: true });
  assert.equal(
    churn.decision.kind === "decided" && churn.decision.value.value,
    "blastchar/telco-customer-churn",
  );
  const houses = await find("predict house prices in California", { kaggle: true });
  assert.equal(
    houses.decision.kind === "decided" && houses.decision.value.value,
    "camnugent/california-housing-prices",
  );
});

for (
  const request of [
    "predict which customers leave",
    "predict the price of a house",
    "translate German to French",
    "build a model",
  ]
) {
  Deno.test(`the data set is asked for when nothing fits "${request}"`, async () => {
    const { decision } = await find(request);
    assert.equal(decision.kind, "missing");
    assert.equal(decision.kind === "missing" && decision.questions[0].flag, "--dataset REF");
    if (request !== "build a model") {
      assert.match(
        decision.kind === "missing" ? decision.questions[0].reason : "",
        /Kaggle can't be reached/,
      );
    }
  });
}

Deno.test("a request without any content also says that the target is missing", async () => {
  const { decision, queries } = await find("build a model");
  assert.match(decision.kind === "missing" ? decision.questions[0].reason : "", /--target COLUMN/);
  assert.deepEqual(queries, []);
});

Deno.test("a search that fails is named as the reason", async () => {
  const decision = await findDataset({
    ...{
      request: "predict churn",
      given: undefined,
      target: undefined,
      folders: { cwd: "/", user: undefined },
    },
    search: () =>
      Promise.reject(new AppError("unauthenticated", "Cannot search Kaggle: there are no credentials")),
    isTable: () => Promise.resolve(false),
  });
  assert.match(decision.kind === "missing" ? decision.questions[0].reason : "", /there are no credentials/);
});

Deno.test("owner/slug is a folder where there is one, and Kaggle's where there is none", async () => {
  const here = await find("x", { given: "owner/slug", tables: ["/data/owner/slug"] });
  assert.deepEqual(here.decision.kind === "decided" && here.decision.value.source, "path");
  const there = await find("x", { given: "owner/slug" });
  assert.deepEqual(
    there.decision.kind === "decided" && [there.decision.value.source, there.decision.value.value],
    ["ref", "owner/slug"],
  );
});
