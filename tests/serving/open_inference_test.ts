import assert from "node:assert/strict";
import { createApp } from "@/serving/app.ts";
import { houses } from "./make_artifact.ts";
import { accessKey, makeAccess, makeReplica, post } from "./make_replica.ts";

const app = createApp(makeReplica());
const column = (name: string, data: unknown[], datatype = "FP64", shape = [data.length]) => ({
  name,
  datatype,
  shape,
  data,
});
const infer = (
  inputs: unknown,
  more: Record<string, unknown> = {},
  on = app,
  path = "/v2/models/flowers/infer",
) => on.request(path, post({ inputs, ...more }));

Deno.test("the server and the model describe themselves as the protocol says", async () => {
  const server = await (await app.request("/v2")).json();
  assert.deepEqual(Object.keys(server).sort(), ["extensions", "name", "version"]);
  assert.deepEqual(await (await app.request("/v2/")).json(), server);
  for (const path of ["/v2/models/flowers", "/v2/models/garden", "/v2/models/flowers/versions/3"]) {
    const model = await (await app.request(path)).json();
    assert.equal(model.name, "flowers");
    assert.deepEqual(model.versions, ["3"]);
    assert.equal(typeof model.platform, "string");
    assert.deepEqual(model.inputs, [{ name: "length", datatype: "FP64", shape: [-1] }, {
      name: "width",
      datatype: "FP64",
      shape: [-1],
    }]);
    assert.deepEqual(model.outputs, [{ name: "predict", datatype: "BYTES", shape: [-1] }, {
      name: "probabilities",
      datatype: "FP64",
      shape: [-1, 3],
    }]);
    assert.ok(Object.values(model.properties).every((value) => typeof value === "string"));
  }
});

Deno.test("infer takes a tensor a column, of shape [n] or [n, 1], and echoes the id", async () => {
  const response = await infer([column("width", [0.2, 1.8]), column("length", [1.4, 5.6], "FP32", [2, 1])], {
    id: "42",
  });
  assert.equal(response.status, 200);
  const answer = await response.json();
  assert.equal(answer.id, "42");
  assert.equal(answer.model_name, "flowers");
  assert.equal(answer.model_version, "3");
  assert.deepEqual(answer.outputs[0], {
    name: "predict",
    datatype: "BYTES",
    shape: [2],
    data: ["setosa", "virginica"],
  });
  assert.deepEqual(answer.outputs[1].shape, [2, 3]);
  assert.equal(answer.outputs[1].data.length, 6);
});

Deno.test("infer takes one matrix in signature order, flat or nested, and only the outputs asked for", async () => {
  const flat = await infer([column("input", [1.4, 0.2, 5.6, 1.8], "FP64", [2, 2])], {
    outputs: [{ name: "predict" }],
  });
  const nested = await infer([column("input", [[1.4, 0.2], [5.6, 1.8]], "FP64", [2, 2])], {
    outputs: [{ name: "predict" }],
  });
  const answer = await flat.json();
  assert.deepEqual(answer.outputs.map(({ name }: { name: string }) => name), ["predict"]);
  assert.deepEqual(answer.outputs[0].data, ["setosa", "virginica"]);
  assert.deepEqual(await nested.json(), answer);
});

Deno.test("infer agrees with predict, through every datatype of a mixed table", async () => {
  const mixed = createApp(makeReplica({}, houses(), "houses@1"));
  const tensors = [
    column("area", [80, null], "INT64"),
    column("town", ["Ulm", null], "BYTES"),
    column("garden", [true, false], "BOOL"),
  ];
  const response = await infer(tensors, {}, mixed, "/v2/models/houses/infer");
  const rows = [{ area: 80, town: "Ulm", garden: true }, { area: null, town: null, garden: false }];
  const { predictions } = await (await mixed.request("/predict", post({ rows }))).json();
  assert.deepEqual((await response.json()).outputs, [{
    name: "predict",
    datatype: "FP64",
    shape: [2],
    data: predictions,
  }]);
});

const REFUSED: [string, unknown, RegExp][] = [
  ["no inputs", [], /"inputs"/],
  ["inputs that are no list", { a: 1 }, /"inputs"/],
  ["an unknown column", [column("height", [1])], /no column "height".*length, width/],
  ["a column twice", [column("width", [1]), column("width", [1])], /"width" stands twice/],
  ["columns of other lengths", [column("width", [1]), column("length", [1, 2])], /2 rows.*has 1/],
  ["data that does not fit the shape", [column("width", [1, 2], "FP64", [3])], /2 values.*\[3\].*3/],
  ["an unknown datatype", [column("width", [1], "COMPLEX")], /COMPLEX.*FP64/],
  ["a negative shape", [column("width", [1], "FP64", [-1])], /shape/],
  ["text in a number", [column("width", ["1"])], /data\[0\].*FP64/],
  ["a fraction in an integer", [column("width", [1.5], "INT32")], /data\[0\].*INT32/],
  ["a matrix of another width", [column("input", [1, 2, 3], "FP64", [1, 3])], /3 columns.*2/],
  ["a matrix of text", [column("input", ["1", "2"], "BYTES", [1, 2])], /must hold numbers/],
  ["a tensor without a name", [{ datatype: "FP64", shape: [1], data: [1] }], /inputs\[0\].name/],
  ["no rows", [column("width", [], "FP64", [0])], /no rows/],
];
for (const [what, inputs, message] of REFUSED) {
  Deno.test(`infer refuses ${what}, in the protocol's form of errors`, async () => {
    const response = await infer(inputs);
    assert.equal(response.status, 400);
    const body = await response.json();
    assert.deepEqual(Object.keys(body), ["error"]);
    assert.match(body.error, message);
  });
}

Deno.test("infer refuses one matrix for a model whose columns are not all numbers", async () => {
  const mixed = createApp(makeReplica({}, houses(), "houses@1"));
  const response = await infer(
    [column("input", [1, 2, 3], "FP64", [1, 3])],
    {},
    mixed,
    "/v2/models/houses/infer",
  );
  assert.equal(response.status, 400);
  assert.match((await response.json()).error, /"town" is of type category/);
});

Deno.test("infer refuses an unknown output, model and version", async () => {
  assert.match(
    (await (await infer([column("width", [1])], { outputs: [{ name: "scores" }] })).json()).error,
    /no output "scores"/,
  );
  for (
    const path of ["/v2/models/iris", "/v2/models/flowers/versions/2", "/v2/models/flowers/versions/2/ready"]
  ) {
    const response = await app.request(path);
    assert.equal(response.status, 404);
    assert.equal(typeof (await response.json()).error, "string");
  }
});

Deno.test("an unknown version is answered with the models that can be asked for", async () => {
  const { error } = await (await app.request("/v2/models/garden/versions/2")).json();
  assert.match(error, /serves flowers@3\. Ask for \/v2\/models\/flowers\/versions\/3,/);
});

Deno.test("binary tensors, which tritonclient sends by default, are refused with the way to send JSON", async () => {
  const response = await app.request("/v2/models/flowers/infer", {
    method: "POST",
    headers: { "inference-header-content-length": "9" },
    body: new Uint8Array([...new TextEncoder().encode('{"a": []}'), 0xff, 0xfe]),
  });
  assert.equal(response.status, 415);
  assert.match((await response.json()).error, /binary tensors.*binary_data=False/);
});

Deno.test("under /v2 every error has the protocol's form", async () => {
  const locked = makeAccess({ auth: "api_key", keys: [accessKey("secret")] });
  const cases: [number, Promise<Response>][] = [
    [404, Promise.resolve(app.request("/v2/nothing"))],
    [405, Promise.resolve(app.request("/v2/models/flowers/infer"))],
    [415, Promise.resolve(app.request("/v2/models/flowers/infer", { method: "POST", body: "x" }))],
    [401, Promise.resolve(createApp(makeReplica({ access: locked })).request("/v2/models/flowers"))],
  ];
  for (const [status, answer] of cases) {
    const response = await answer;
    assert.equal(response.status, status);
    assert.equal(typeof (await response.json()).error, "string");
  }
});

Deno.test("infer takes JSON that is not announced as such, as Triton's client sends it, and predict does not", async () => {
  const app = createApp(makeReplica());
  const untyped = (value: unknown) => ({
    method: "POST",
    body: new TextEncoder().encode(JSON.stringify(value)),
  });
  const inputs = [{ name: "length", datatype: "FP64", shape: [1], data: [1.4] }];
  assert.equal((await app.request("/v2/models/flowers/infer", untyped({ inputs }))).status, 200);
  assert.equal((await app.request("/predict", untyped({ rows: [[1.4, 0.2]] }))).status, 415);
});
