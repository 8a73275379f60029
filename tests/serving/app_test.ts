import assert from "node:assert/strict";
import { createApp, ROUTES } from "@/serving/app.ts";
import type { OpenApiDocument } from "@/serving/openapi.ts";
import { houses } from "./make_artifact.ts";
import { accessKey, type Failure, makeAccess, makeReplica, post } from "./make_replica.ts";

const ROW = { length: 1.4, width: 0.2 };

Deno.test("health is live always, and ready only while it takes requests", async () => {
  for (const [state, ready] of [["ready", 200], ["checked", 503], ["draining", 503]] as const) {
    const app = createApp(makeReplica({ state }));
    assert.equal((await app.request("/health/live")).status, 200);
    assert.equal((await app.request("/health/ready")).status, ready);
    assert.equal((await app.request("/v2/health/live")).status, 200);
    assert.equal((await app.request("/v2/health/ready")).status, ready);
    assert.equal((await app.request("/v2/models/flowers/ready")).status, ready);
  }
});

Deno.test("metadata tells model, signature, metrics and origin", async () => {
  const metadata = await (await createApp(makeReplica()).request("/metadata")).json();
  assert.equal(metadata.model, "flowers@3");
  assert.equal(metadata.endpoint, "garden");
  assert.deepEqual(metadata.signature.inputs.map((input: { name: string }) => input.name), [
    "length",
    "width",
  ]);
  assert.deepEqual(metadata.signature.output.classes, ["setosa", "versicolor", "virginica"]);
  assert.deepEqual(metadata.metrics, { accuracy: 0.9 });
  assert.match(metadata.artifact_sha256, /^[0-9a-f]{64}$/);
});

Deno.test("every route answers another method with 405 and Allow", async () => {
  const app = createApp(makeReplica());
  for (const { path } of ROUTES) {
    const asked = path.replace(":name", "flowers").replace(":version", "3");
    const response = await app.request(asked, { method: "DELETE" });
    assert.equal(response.status, 405, asked);
    assert.match(response.headers.get("allow") ?? "", /^(GET, HEAD|POST)$/);
  }
  assert.equal((await app.request("/metadata", { method: "HEAD" })).status, 200);
});

Deno.test("an unknown path is 404 with the way to the docs", async () => {
  const response = await createApp(makeReplica()).request("/nothing");
  assert.equal(response.status, 404);
  const { error } = await response.json() as Failure;
  assert.equal(error.code, "not_found");
  assert.match(error.hint, /\/docs/);
});

Deno.test("every answer carries a request id, the caller's own where it is sensible", async () => {
  const app = createApp(makeReplica());
  const id = async (given?: string) =>
    (await app.request("/health/live", given === undefined ? {} : { headers: { "x-request-id": given } }))
      .headers.get("x-request-id");
  assert.equal(await id("abc-123"), "abc-123");
  assert.notEqual(await id('a b"<script>'), 'a b"<script>');
  assert.notEqual(await id(), await id());
});

Deno.test("pages load nothing from elsewhere and run only the script that the policy names", async () => {
  const app = createApp(makeReplica({}, houses(), "houses@1"));
  for (const path of ["/", "/docs"]) {
    const response = await app.request(path);
    const html = await response.text();
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("x-frame-options"), "DENY");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//);
    for (const element of ["style", "script"]) {
      const text = html.match(new RegExp(`<${element}>([\\s\\S]*?)</${element}>`))![1];
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
      assert.ok(policy.includes(`${element}-src 'sha256-${hash.toBase64()}'`), `${path} ${element}`);
    }
  }
});

Deno.test("the page to try has a field for each column and lets no category break out", async () => {
  const html = await (await createApp(makeReplica({}, houses(), "houses@1")).request("/")).text();
  assert.match(html, /<input id="c0"[^>]*type="number"/);
  assert.match(html, /<select id="c1"/);
  assert.doesNotMatch(html, /<b>/);
  const data = JSON.parse(html.match(/<script type="application\/json" id="data">(.*?)<\/script>/)![1]);
  assert.deepEqual(data.columns.map(({ name }: { name: string }) => name), ["area", "town", "garden"]);
  assert.deepEqual(Object.keys(data.examples[0].row).sort(), ["area", "garden", "town"]);
});

Deno.test("the OpenAPI document lists every route, and its examples are true", async () => {
  const app = createApp(makeReplica());
  const document = await (await app.request("/openapi.json")).json() as OpenApiDocument;
  assert.equal(document.openapi, "3.1.0");
  const pages = ["/", "/docs", "/openapi.json", "/v2/"];
  for (const { path, method } of ROUTES) {
    if (pages.includes(path)) continue;
    const templated = path.replace(/:(\w+)/g, "{$1}");
    assert.ok(document.paths[templated]?.[method.toLowerCase()], `${method} ${templated}`);
  }
  const ids = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId)
  );
  assert.equal(new Set(ids).size, ids.length);
  for (const [, ref] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    assert.ok(document.components.schemas[ref], ref);
  }
  for (const path of ["/predict", "/feedback", "/v2/models/{name}/infer"]) {
    const { requestBody, responses } = document.paths[path].post;
    const response = await app.request(
      path.replace("{name}", "flowers"),
      post(requestBody!.content["application/json"].example),
    );
    assert.equal(response.status, 200);
    const expected = responses["200"].content!["application/json"].example;
    if (expected) assert.deepEqual(await response.json(), expected);
  }
});

Deno.test("the OpenAPI document of a locked endpoint names its two ways to send the key", async () => {
  const access = makeAccess({ auth: "api_key", keys: [accessKey("secret")] });
  const response = await createApp(makeReplica({ access })).request("/openapi.json", {
    headers: { "x-api-key": "secret" },
  });
  const document = await response.json() as OpenApiDocument;
  assert.deepEqual(document.security, [{ bearer: [] }, { api_key: [] }]);
  assert.deepEqual(document.paths["/health/live"].get.security, []);
});

Deno.test("metrics are Prometheus text whose histogram adds up", async () => {
  const app = createApp(makeReplica());
  for (let i = 0; i < 5; i++) await app.request("/predict", post({ rows: [ROW] }));
  await app.request("/predict", post({ rows: [] }));
  const response = await app.request("/metrics");
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  assert.match(text, /^mlmcp_requests_total\{endpoint="garden",version="1",status="200"\} 5$/m);
  assert.match(text, /^mlmcp_requests_total\{endpoint="garden",version="none",status="400"\} 1$/m);
  assert.match(text, /^mlmcp_request_duration_seconds_count\{endpoint="garden",version="1"\} 5$/m);
  assert.match(text, /^mlmcp_request_duration_seconds_count\{endpoint="garden",version="none"\} 1$/m);
  assert.match(text, /^mlmcp_model_info\{[^}]*model="flowers@3"[^}]*\} 1$/m);
  const buckets = [...text.matchAll(/_bucket\{[^}]*version="1",le="([^"]+)"\} (\d+)/g)].map(([, le, count]) =>
    [le, Number(count)] as const
  );
  assert.equal(buckets.at(-1)?.[0], "+Inf");
  assert.equal(buckets.at(-1)?.[1], 5);
  for (let i = 1; i < buckets.length; i++) assert.ok(buckets[i][1] >= buckets[i - 1][1]);
  for (const line of text.trimEnd().split("\n")) {
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [\d.e+-]+)$/);
  }
});
