import assert from "node:assert/strict";
import { NO_VERSION } from "@/shared/replica_protocol.ts";
import { createApp } from "@/serving/app.ts";
import { houses } from "./make_artifact.ts";
import { withPort } from "./http/raw_client.ts";
import { accessKey, type Failure, makeAccess, makeReplica, post } from "./make_replica.ts";

const ROW = { length: 1.4, width: 0.2 };

async function fails(
  body: unknown,
  headers?: Record<string, string>,
): Promise<{ status: number } & Failure["error"]> {
  const response = await createApp(makeReplica()).request("/predict", post(body, headers));
  return { status: response.status, ...(await response.json() as Failure).error };
}

Deno.test("predict answers one class a row, with its probabilities and the model", async () => {
  const app = createApp(makeReplica());
  const response = await app.request("/predict", post({ rows: [ROW, { length: 5.6, width: 1.8 }] }));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  const answer = await response.json();
  assert.deepEqual(answer.predictions, ["setosa", "virginica"]);
  assert.deepEqual(Object.keys(answer.probabilities[0]), ["setosa", "versicolor", "virginica"]);
  assert.equal(answer.model, "flowers@3");
});

Deno.test("predict takes lists in signature order as it takes objects", async () => {
  const app = createApp(makeReplica());
  const asList = await (await app.request("/predict", post({ rows: [[1.4, 0.2]] }))).json();
  const asObject = await (await app.request("/predict", post({ rows: [ROW] }))).json();
  assert.deepEqual(asList, asObject);
});

Deno.test("predict answers a number for regression, with missing values and a warning for an unknown category", async () => {
  const app = createApp(makeReplica({}, houses(), "houses@1"));
  const response = await app.request(
    "/predict",
    post({ rows: [{ area: null, town: "Ulm" }, { area: 80, town: "Bonn" }] }),
  );
  const answer = await response.json();
  assert.equal(response.status, 200);
  assert.ok(answer.predictions.every((value: unknown) => typeof value === "number"));
  assert.equal(answer.probabilities, undefined);
  assert.equal(answer.warnings.length, 1);
  assert.match(answer.warnings[0], /row 1.*"town".*Bonn/);
});

Deno.test("predict warns of values outside of the range of training, once a column, and of none inside", async () => {
  const app = createApp(makeReplica({}, houses(), "houses@1"));
  const warnings = async (rows: unknown[]) =>
    (await (await app.request("/predict", post({ rows }))).json()).warnings;
  assert.equal(await warnings([{ area: 80 }, { area: null }, { town: "Ulm" }]), undefined);
  const [warning, ...more] = await warnings([{ area: 80 }, { area: 1e6 }, [-3, "Ulm", "true"]]);
  assert.match(
    warning,
    /^row 1: column "area" is 1000000, outside of the range of training, \d+ to \d+ \(and in 1 more rows\)$/,
  );
  assert.deepEqual(more, []);
});

Deno.test("predict names the row, the column and the rule of a bad value", async () => {
  const { status, code, message } = await fails({ rows: [ROW, { length: "long", width: 1 }] });
  assert.deepEqual([status, code], [400, "invalid_argument"]);
  assert.match(message, /row 1.*"length".*number.*"long"/);
});

const REFUSED: [string, unknown, RegExp][] = [
  ["an unknown column", { rows: [{ ...ROW, colour: "red" }] }, /"colour"/],
  [
    "a repeated column",
    '{"rows":[{"length":1.4,"length":9,"width":0.2}]}',
    /line 1, column 24.*"length".*twice/,
  ],
  ["NaN", '{"rows":[{"length":NaN}]}', /line 1, column 20.*NaN/],
  ["Infinity", '{"rows":\n [{"length":Infinity}]}', /line 2, column 13.*Infinity/],
  ["the text NaN for a number", { rows: [{ length: "NaN", width: 1 }] }, /"length".*number/],
  ["a number that overflows", '{"rows":[{"length":1e999,"width":1}]}', /"length".*number/],
  ["no rows", { rows: [] }, /"rows" is empty/],
  ["rows that are missing", {}, /"rows" is missing/],
  ["rows that are no list", { rows: ROW }, /"rows" is not a list/],
  ["a field beside rows", { rows: [ROW], model: "x" }, /no field "model"/],
  ["a body that is a list", [ROW], /not an object/],
  ["a body that is null", "null", /not an object/],
  ["a row of another length", { rows: [[1]] }, /row 0.*1 values/],
  ["a row that is a number", { rows: [5] }, /row 0/],
  ["an empty body", "", /empty/],
  ["text that is no JSON", '{"rows": [}', /line 1, column 11/],
  ["text after the JSON", '{"rows": []} x', /line 1, column 14/],
  ["a value nested a thousand deep", `{"rows": ${"[".repeat(1000)}${"]".repeat(1000)}}`, /deep/],
];
for (const [what, body, message] of REFUSED) {
  Deno.test(`predict refuses ${what}`, async () => {
    const failure = await fails(body);
    assert.equal(failure.status, 400);
    assert.equal(failure.code, "invalid_argument");
    assert.match(failure.message, message);
  });
}

Deno.test("predict refuses a body that is not UTF-8, and not one that names a key twice in a string", async () => {
  const app = createApp(makeReplica({}, houses(), "houses@1"));
  const latin = new Uint8Array([
    ...new TextEncoder().encode('{"rows":[{"town":"K'),
    0xf6,
    ...new TextEncoder().encode('ln"}]}'),
  ]);
  const response = await app.request("/predict", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: latin,
  });
  assert.equal(response.status, 400);
  assert.match((await response.json() as Failure).error.message, /UTF-8/);
  const tricky = await app.request("/predict", post('{"rows":[{"town":"a\\":1,\\"town\\":2"}]}'));
  assert.equal(tricky.status, 200);
});

Deno.test("predict refuses a content type that is not JSON", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
    const { status, code } = await fails({ rows: [ROW] }, { "content-type": type });
    assert.deepEqual([status, code], [415, "unsupported_media_type"], type);
  }
  const charset = await createApp(makeReplica()).request(
    "/predict",
    post({ rows: [ROW] }, { "content-type": "application/json; charset=utf-8" }),
  );
  assert.equal(charset.status, 200);
});

Deno.test("predict asks for the API key, and takes it as bearer, header or basic password", async () => {
  const access = makeAccess({ auth: "api_key", keys: [accessKey("secret")] });
  const app = createApp(makeReplica({ access }));
  const status = async (headers: Record<string, string>) =>
    (await app.request("/predict", post({ rows: [ROW] }, headers))).status;
  assert.equal(await status({}), 401);
  assert.equal(await status({ authorization: "Bearer wrong" }), 401);
  assert.equal(await status({ authorization: "Basic !!!" }), 401);
  assert.equal(await status({ authorization: "Bearer secret" }), 200);
  assert.equal(await status({ "x-api-key": "secret" }), 200);
  assert.equal(await status({ authorization: `Basic ${btoa("any:secret")}` }), 200);
  assert.equal((await app.request("/metadata")).status, 401);
  assert.equal((await app.request("/health/live")).status, 200);
  assert.match((await app.request("/")).headers.get("www-authenticate") ?? "", /^Basic/);
  assert.match((await app.request("/metadata")).headers.get("www-authenticate") ?? "", /^Bearer/);
});

Deno.test("predict answers 429 with Retry-After above the limit, and looking is not limited", async () => {
  const replica = makeReplica();
  replica.access.limit.per_s = 2;
  const app = createApp(replica);
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push(await app.request("/predict", post({ rows: [ROW] })));
  assert.equal(answers[0].status, 200);
  const refused = answers.find(({ status }) => status === 429);
  assert.ok(refused, "one of four at once is above two a second");
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.equal((await refused.json() as Failure).error.code, "resource_exhausted");
  assert.equal((await app.request("/metadata")).status, 200);
});

Deno.test("predict answers only requests to a loopback name when it listens on loopback", async () => {
  const local = createApp(makeReplica());
  const open = createApp(makeReplica({ loopback: false }));
  assert.equal(
    (await local.request("/predict", post({ rows: [ROW] }, { host: "evil.example:8100" }))).status,
    403,
  );
  assert.equal(
    (await local.request("/predict", post({ rows: [ROW] }, { host: "localhost:8100" }))).status,
    200,
  );
  assert.equal(
    (await open.request("/predict", post({ rows: [ROW] }, { host: "model.example" }))).status,
    200,
  );
});

Deno.test("predict counts requests by status, rows and time", async () => {
  const replica = makeReplica();
  const app = createApp(replica);
  await app.request("/predict", post({ rows: [ROW, ROW] }));
  await app.request("/predict", post({ rows: [] }));
  await app.request("/metadata");
  await app.request("/predict", post({ rows: [{ hue: 1 }] }));
  const { counters, holder } = replica;
  const counted = counters.total();
  assert.deepEqual([...counted.byStatus].sort(), [[200, 1], [400, 2]]);
  assert.deepEqual([...counters.of(holder.current.version).byStatus], [[200, 1], [400, 1]], "of the model");
  assert.deepEqual([...counters.of(NO_VERSION).byStatus], [[400, 1]], "of what reached no model");
  assert.equal(counted.rows, 2);
  assert.equal(counted.latency.count, 3);
  assert.equal(counters.inFlight, 0);
});

Deno.test("predict keeps an unexpected error for the log and does not show it", async () => {
  const replica = makeReplica();
  const app = createApp(replica);
  (replica.holder.current.artifact.pipeline as { features: unknown }).features = null;
  const response = await app.request("/predict", post({ rows: [ROW] }));
  assert.equal(response.status, 500);
  assert.equal((await response.json() as Failure).error.code, "internal");
  assert.match(replica.last_error ?? "", /\/predict: TypeError/);
});

Deno.test("the fast way, behind a port, answers as the app does", async () => {
  const bodies: RequestInit[] = [
    post({ rows: [ROW] }),
    post({ rows: [] }),
    post("{"),
    post({ rows: [ROW] }, { "content-type": "text/plain" }),
    post({ rows: [ROW] }, { origin: "https://app.example" }),
    post({ rows: [ROW] }, { "x-api-key": "secret" }),
    post({ rows: [ROW] }, { "x-request-timeout-ms": "soon" }),
    { method: "GET" },
    { method: "DELETE" },
  ];
  const shown = async (response: Response) => {
    const headers = [...response.headers].filter(([name]) =>
      !["date", "content-length", "connection"].includes(name)
    );
    return [response.status, headers, await response.text()];
  };
  for (const auth of ["none", "api_key"] as const) {
    const access = () =>
      makeAccess({ auth, keys: [accessKey("secret")], allowed_origins: ["https://app.example"] });
    await withPort(
      async ({ port }) => {
        for (const path of ["/predict", "/predict?x=1", "/v2/predict", "/predict/", "/docs", "/metadata?"]) {
          for (const body of bodies) {
            const asked = { ...body, headers: { ...body.headers, "x-request-id": "same" } };
            const [fast, plain] = await Promise.all([
              fetch(`http://localhost:${port}${path}`, asked).then(shown),
              shown(await createApp(makeReplica({ access: access() })).request(path, asked)),
            ]);
            if (path !== "/metadata?" || plain[0] !== 200) {
              assert.deepEqual(fast, plain, `${body.method} ${path}`);
            }
          }
        }
      },
      {},
      makeReplica({ access: access() }),
    );
  }
});

Deno.test("predict answers a row alone as it does among many, also with categories that training never saw", async () => {
  const app = createApp(makeReplica({}, houses({ algorithm: "decision_tree" }), "houses@1"));
  const towns = ["Ulm", "Köln", "Bonn", "Jena", "Bonn", null];
  const rows = Array.from({ length: 40 }, (_, i) => ({ area: 40 + 3 * i, town: towns[i % towns.length] }));
  const many = (await (await app.request("/predict", post({ rows }))).json()).predictions;
  for (const [i, row] of rows.entries()) {
    const alone = (await (await app.request("/predict", post({ rows: [row] }))).json()).predictions;
    assert.equal(alone[0], many[i], JSON.stringify(row));
  }
});
