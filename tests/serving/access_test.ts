import assert from "node:assert/strict";
import { createApp } from "@/serving/app.ts";
import { accessHash } from "@/shared/replica_protocol.ts";
import { accessKey, accessSettings, makeAccess, makeReplica, post } from "./make_replica.ts";

const BODY = { rows: [{ length: 1.4, width: 0.2 }] };

Deno.test("keys come, go and expire while the replica serves, and each is counted by its id", async () => {
  const settings = (...keys: string[]) =>
    accessSettings({ auth: "api_key", keys: keys.map((key) => accessKey(key)) });
  const replica = makeReplica({ access: makeAccess(settings("one")) });
  const app = createApp(replica);
  const status = async (key: string) =>
    (await app.request("/predict", post(BODY, { "x-api-key": key }))).status;
  assert.deepEqual([await status("one"), await status("two")], [200, 401]);
  replica.access.apply(settings("one", "two"), performance.now());
  assert.deepEqual([await status("one"), await status("two")], [200, 200]);
  replica.access.apply(settings("two"), performance.now());
  assert.deepEqual([await status("one"), await status("two")], [401, 200]);
  const soon = Date.now() + 100;
  replica.access.apply(
    accessSettings({ auth: "api_key", keys: [accessKey("two", { expires_ms: soon })] }),
    performance.now(),
  );
  assert.equal(await status("two"), 200);
  while (Date.now() <= soon) await new Promise((done) => setTimeout(done, 10));
  assert.equal(await status("two"), 401);
  assert.deepEqual(Object.fromEntries(replica.counters.byKey), { key_one: 2, key_two: 3 });
  assert.equal(accessHash(replica.access.settings), replica.access.sha256);
});

Deno.test("each key has its own limit, beside that of the endpoint, and keeps what it used when others change", async () => {
  const limited = accessKey("limited", { rate_limit_per_s: 2 });
  const keys = [limited, accessKey("free")];
  const replica = makeReplica({ access: makeAccess({ auth: "api_key", keys }) });
  const app = createApp(replica);
  const ask = (key: string) => app.request("/predict", post(BODY, { "x-api-key": key }));
  const statuses = async (key: string, count: number) => {
    const seen: number[] = [];
    for (let i = 0; i < count; i++) seen.push((await ask(key)).status);
    return seen;
  };
  assert.deepEqual(await statuses("limited", 4), [200, 200, 429, 429]);
  assert.deepEqual(await statuses("free", 4), [200, 200, 200, 200]);
  const refused = await ask("limited");
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.match(await refused.text(), /2 requests a second came with this key/);
  replica.access.apply(accessSettings({ auth: "api_key", keys: [limited] }), performance.now());
  assert.deepEqual(await statuses("limited", 1), [429]);
  replica.access.apply(accessSettings({ auth: "api_key", keys, rate_limit_per_s: 1 }), performance.now());
  assert.ok((await statuses("free", 3)).includes(429), "the endpoint's limit is for all");
});

Deno.test("pages of other origins may not ask, unless theirs is allowed", async () => {
  const preflight = (origin: string, method = "POST", path = "/predict") => ({
    path,
    init: {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": method,
        "access-control-request-headers": "content-type",
      },
    },
  });
  const off = createApp(makeReplica());
  const { path, init } = preflight("https://app.example");
  const refused = await off.request(path, init);
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.get("access-control-allow-origin"), null);
  assert.equal(
    (await off.request("/metadata", { headers: { origin: "https://app.example" } })).headers.get("vary"),
    null,
  );

  const access = makeAccess({
    auth: "api_key",
    keys: [accessKey("secret")],
    allowed_origins: ["https://app.example"],
  });
  const app = createApp(makeReplica({ access }));
  const allowed = await app.request(path, init);
  assert.equal(allowed.status, 204, "a browser sends no key with its first question");
  assert.equal(allowed.headers.get("access-control-allow-origin"), "https://app.example");
  assert.equal(allowed.headers.get("access-control-allow-methods"), "POST");
  const sendable = allowed.headers.get("access-control-allow-headers")!;
  assert.match(sendable, /content-type, prefer, x-api-key, .*x-mlmcp-version/);
  assert.equal(allowed.headers.get("access-control-allow-credentials"), null);
  assert.equal((await app.request("/predict", preflight("https://evil.example").init)).status, 405);
  for (const key of ["secret", "wrong"]) {
    for (
      const [origin, told] of [
        ["https://app.example", "https://app.example"],
        ["https://evil.example", null],
        ["null", null],
      ]
    ) {
      const answer = await app.request("/predict", post(BODY, { "x-api-key": key, origin: origin! }));
      assert.equal(answer.headers.get("access-control-allow-origin"), told);
      assert.equal(answer.headers.get("vary"), "origin");
    }
  }
  const replica = makeReplica({ access });
  const holder = replica.holder;
  holder.direct({ ...holder.traffic.plan, sticky_header: "x-user-id" });
  const sticky = await createApp(replica).request(path, init);
  assert.equal(sticky.headers.get("access-control-allow-headers"), `${sendable}, x-user-id`);
  const open = createApp(makeReplica({ access: makeAccess({ allowed_origins: ["*"] }) }));
  const any = await open.request("/nothing", { headers: { origin: "https://any.example" } });
  assert.equal(any.headers.get("access-control-allow-origin"), "https://any.example");
});
