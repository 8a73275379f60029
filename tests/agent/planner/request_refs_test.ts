import assert from "node:assert/strict";
import { findInRequest, readDatasetOption } from "../../../agent/planner/request_refs.ts";

const FOLDERS = { cwd: "/data", user: "/users/me" };

const OPTIONS: [string, unknown][] = [
  ["sample/iris", { kind: "ref", ref: "sample/iris" }],
  ["ds_0a1b2c", { kind: "stored", dataset_id: "ds_0a1b2c" }],
  ["houses.csv", { kind: "path", path: "/data/houses.csv" }],
  ["./data", { kind: "path", path: "/data/data" }],
  ["../x.csv.gz", { kind: "path", path: "/x.csv.gz" }],
  ["~/x.csv", { kind: "path", path: "/users/me/x.csv" }],
  ["/abs/x.csv", { kind: "path", path: "/abs/x.csv" }],
  ["data/train.csv", { kind: "path", path: "/data/data/train.csv" }],
  ["owner/slug", { kind: "path_or_ref", path: "/data/owner/slug", ref: "owner/slug" }],
  ["owner/slug/versions/3", { kind: "ref", ref: "owner/slug/versions/3" }],
  ["a/b/c.csv", { kind: "path_or_ref", path: "/data/a/b/c.csv", ref: "a/b/c.csv" }],
  ["https://www.kaggle.com/datasets/uciml/iris?select=x", { kind: "ref", ref: "uciml/iris" }],
  ["https://host.example/a/b.csv?x=1", { kind: "ref", ref: "https://host.example/a/b.csv?x=1" }],
  ["~/my data/ä.csv", { kind: "path", path: "/users/me/my data/ä.csv" }],
  ["~other/x.csv", { kind: "path", path: "/data/~other/x.csv" }],
];

for (const [text, expected] of OPTIONS) {
  Deno.test(`--dataset ${text} is read as ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(readDatasetOption(text, FOLDERS), expected);
  });
}

const REQUESTS: [string, string | null, string][] = [
  ["predict price from houses.csv", "/data/houses.csv", "predict price from"],
  ["predict price from ./houses.csv.", "/data/houses.csv", "predict price from"],
  ['predict price with "my houses.csv", please', "/data/my houses.csv", "predict price with , please"],
  ["use sample/titanic to predict survival", "sample/titanic", "use to predict survival"],
  [
    "predict churn using blastchar/telco-customer-churn",
    "blastchar/telco-customer-churn",
    "predict churn using",
  ],
  ["predict y from uciml/iris", "uciml/iris", "predict y from"],
  ["predict y from https://host.example/a/b.csv.", "https://host.example/a/b.csv", "predict y from"],
  ["predict churn on ds_12ab", "ds_12ab", "predict churn on"],
  ["is a person male/female", null, ""],
  ["predict and/or classify", null, ""],
  ["predict the species of a penguin", null, ""],
  ["what about e.g. this", null, ""],
];

for (const [request, expected, rest] of REQUESTS) {
  Deno.test(`the data set named in "${request}" is ${expected ?? "none"}`, () => {
    const found = findInRequest(request, FOLDERS);
    if (expected === null) return assert.equal(found, null);
    const named = found!.named;
    const value = named.kind === "path" ? named.path : named.kind === "stored" ? named.dataset_id : named.ref;
    assert.equal(value, expected);
    assert.equal(found!.rest, rest);
  });
}
