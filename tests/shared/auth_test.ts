import assert from "node:assert/strict";
import {
  listTokens,
  localCaller,
  mintToken,
  requireScope,
  revokeToken,
  SCOPES,
  verifyToken,
} from "@/shared/auth.ts";
import { createHome, type Home } from "@/shared/home.ts";

async function withHome(work: (home: Home) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(createHome(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("verifyToken() gives back who was minted, with just those scopes", () =>
  withHome(async (home) => {
    const { token } = await mintToken(home, {
      subject: "ann",
      scopes: ["models:read"],
      ttl_s: 60,
      run_id: "run_1",
    });
    const caller = await verifyToken(home, token);
    assert.equal(caller.name, "ann");
    assert.deepEqual(caller.scopes, ["models:read"]);
    assert.equal(caller.run_id, "run_1");
    requireScope(caller, "models:read", "read");
    assert.throws(
      () => requireScope(caller, "models:train", "call train_model"),
      /lacks the scope models:train/,
    );
  }));

Deno.test("verifyToken() refuses a token that is forged, expired, revoked, or of another home", () =>
  withHome(async (home) => {
    const { token, token_id } = await mintToken(home, { subject: "ann", scopes: ["models:read"], ttl_s: 60 });
    const [head, body, mac] = token.split(".");
    const claims = JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/")));
    const widened = btoa(JSON.stringify({ ...claims, scope: Object.keys(SCOPES).join(" ") }))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    await assert.rejects(verifyToken(home, `${head}.${widened}.${mac}`), /not made by this home/);
    const unsigned = btoa('{"alg":"none"}').replaceAll("=", "");
    await assert.rejects(verifyToken(home, `${unsigned}.${body}.`), /not made by this home/);
    const old = await mintToken(home, { subject: "ann", scopes: [], ttl_s: -5 });
    await assert.rejects(verifyToken(home, old.token), /expired/);
    await withHome(async (other) => await assert.rejects(verifyToken(other, token), /not made by this home/));
    revokeToken(home, token_id);
    await assert.rejects(verifyToken(home, token), /revoked/);
    assert.throws(() => revokeToken(home, "unknown"), /no(ne| token).*id|there is none/);
  }));

Deno.test("listTokens() shows what was minted and never the token", () =>
  withHome(async (home) => {
    const { token, token_id } = await mintToken(home, { subject: "ann", scopes: ["models:read"], ttl_s: 60 });
    const rows = listTokens(home);
    assert.equal(rows[0].token_id, token_id);
    assert.ok(!JSON.stringify(rows).includes(token));
    assert.equal((Deno.statSync(`${home.keys}/token.key`).mode ?? 0) & 0o077, 0);
  }));

Deno.test("two processes that mint at once use one key", () =>
  withHome(async (home) => {
    const minted = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        mintToken(home, { subject: `s${i}`, scopes: ["models:read"], ttl_s: 60 })),
    );
    for (const { token } of minted) {
      await verifyToken(home, token);
    }
  }));

Deno.test("the local caller has every scope", () =>
  assert.deepEqual(localCaller().scopes, Object.keys(SCOPES)));
