import assert from "node:assert/strict";
import { SCOPES, verifyToken } from "@/shared/auth.ts";
import { homeAt } from "@/shared/home.ts";
import { command, secondsOf, stateOf } from "@/admin/token.ts";
import { contextFor, inTempHome, runCaught } from "./run_command.ts";

Deno.test("a created token alone is on stdout, and opens just its scopes until it is revoked", async () => {
  await inTempHome(async (home) => {
    const made = await runCaught(
      command,
      contextFor(home, ["create", "--scope", "models:read", "--scope", "datasets:read", "--subject", "ann"]),
    );
    assert.equal(made.code, 0);
    const caller = await verifyToken(homeAt(home), made.stdout);
    assert.deepEqual([caller.name, caller.scopes], ["ann", ["datasets:read", "models:read"]]);

    const list = await runCaught(command, contextFor(home, ["list"], { json: true }));
    const [row] = JSON.parse(list.stdout).tokens;
    assert.equal(row.state, "valid");
    assert.equal(list.stdout.includes(made.stdout), false, "the token itself is never shown again");

    await runCaught(command, contextFor(home, ["revoke", row.token_id]));
    await assert.rejects(verifyToken(homeAt(home), made.stdout), /it was revoked/);
    const after = await runCaught(command, contextFor(home, ["list"]));
    assert.match(after.stdout, /revoked/);
  });
});

Deno.test("a token is valid for the time that was asked for", async () => {
  await inTempHome(async (home) => {
    const made = await runCaught(
      command,
      contextFor(home, ["create", "--scope", "all", "--ttl", "2h"], { json: true }),
    );
    const { token, scopes, expires_at } = JSON.parse(made.stdout);
    assert.deepEqual(scopes, Object.keys(SCOPES));
    const { expires_at_s } = await verifyToken(homeAt(home), token);
    assert.ok(Math.abs(expires_at_s * 1000 - Date.parse(expires_at)) <= 1000);
  });
});

const REFUSED: [string[], RegExp][] = [
  [["create"], /it has no scope/],
  [["create", "--scope", "models:fly"], /there is no scope "models:fly"/],
  [["create", "--scope", "all", "--ttl", "soon"], /valid for "soon"/],
  [["create", "--scope", "all", "--ttl", "400d"], /valid for "400d"/],
  [["create", "--scope", "all", "--subject", "a b"], /that is no subject/],
  [["revoke", "nobody"], /there is none with that id/],
  [["destroy"], /Cannot understand "token destroy"/],
  [[], /Cannot understand/],
];

for (const [args, message] of REFUSED) {
  Deno.test(`token ${args.join(" ")} is refused with a reason`, async () => {
    await inTempHome(async (home) => {
      await assert.rejects(runCaught(command, contextFor(home, args)), message);
    });
  });
}

Deno.test("times of validity are read with their unit", () => {
  assert.deepEqual(["90s", "15m", "12h", "30d", "1.5h"].map(secondsOf), [90, 900, 43_200, 2_592_000, 5400]);
});

Deno.test("a token's state follows from the time and from revoking", () => {
  const expires_at = "2026-01-02T00:00:00.000Z";
  const at = (text: string) => Date.parse(text);
  assert.equal(stateOf({ revoked_at: null, expires_at }, at("2026-01-01T00:00:00Z")), "valid");
  assert.equal(stateOf({ revoked_at: null, expires_at }, at("2026-01-03T00:00:00Z")), "expired");
  assert.equal(
    stateOf({ revoked_at: "2026-01-01T00:00:00Z", expires_at }, at("2026-01-01T00:00:00Z")),
    "revoked",
  );
});
