import assert from "node:assert/strict";
import { join } from "node:path";
import { credentialFrom } from "@/kaggle/credentials.ts";
import { readCredentialFiles } from "@/kaggle/credential_files.ts";

/** What the server sees, given an environment and the files in a home. */
async function found(env: Record<string, string>, files: Record<string, string>) {
  const home = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(join(home, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(home, name), text);
    }
    const given = Object.fromEntries(
      Object.entries(env).map(([key, value]) => [key, value.replace("~", home)]),
    );
    const credential = credentialFrom({ ...given, ...readCredentialFiles({ HOME: home, ...given }) });
    return {
      ...credential,
      origin: credential.origin.replace(home, "~"),
      problem: credential.problem?.replace(home, "~"),
    };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const JSON_FILE = { ".kaggle/kaggle.json": '{"username":"u","key":"k"}' };
const BASIC = "Basic dTpr";

Deno.test("credentials are taken in Kaggle's order", async () => {
  const both = { KAGGLE_USERNAME: "a", KAGGLE_KEY: "b" };
  const token = { ".kaggle/access_token": "KGAT_file\n" };
  assert.equal(
    (await found({ KAGGLE_API_TOKEN: "KGAT_1", ...both }, { ...token, ...JSON_FILE })).header,
    "Bearer KGAT_1",
  );
  assert.equal((await found(both, { ...token, ...JSON_FILE })).header, "Bearer KGAT_file");
  assert.equal((await found(both, JSON_FILE)).header, "Basic YTpi");
  assert.equal((await found({}, JSON_FILE)).header, BASIC);
  assert.equal((await found({}, {})).header, null);
});

Deno.test("KAGGLE_API_TOKEN may be the path of a file that holds the token", async () => {
  const credential = await found({ KAGGLE_API_TOKEN: "~/secret/token" }, { "secret/token": "KGAT_2\n" });
  assert.equal(credential.header, "Bearer KGAT_2");
  assert.match(credential.origin, /~\/secret\/token/);
});

Deno.test("a path in KAGGLE_API_TOKEN that can't be read is told and never sent", async () => {
  const credential = await found({ KAGGLE_API_TOKEN: "~/secret/token" }, JSON_FILE);
  assert.equal(credential.header, null);
  assert.match(credential.problem!, /names ~\/secret\/token, which can't be read/);
});

Deno.test("kaggle.json is looked for in KAGGLE_CONFIG_DIR, and in ~/.config when ~/.kaggle has none", async () => {
  const elsewhere = { "other/kaggle.json": '{"username":"x","key":"y"}', ...JSON_FILE };
  assert.equal((await found({ KAGGLE_CONFIG_DIR: "~/other" }, elsewhere)).header, "Basic eDp5");
  assert.equal(
    (await found({}, { ".config/kaggle/kaggle.json": '{"username":"u","key":"k"}' })).header,
    BASIC,
  );
});

Deno.test("a new token in the place of the old key goes as Bearer", async () => {
  assert.equal((await found({ KAGGLE_USERNAME: "u", KAGGLE_KEY: "KGAT_3" }, {})).header, "Bearer KGAT_3");
});

Deno.test("credentials that can't be used become a sentence, not a failure", async () => {
  assert.match(
    (await found({}, { ".kaggle/kaggle.json": "{oops" })).problem!,
    /~\/\.kaggle\/kaggle\.json is not/,
  );
  assert.match((await found({ KAGGLE_KEY: "k" }, {})).problem!, /without KAGGLE_USERNAME/);
  assert.match((await found({ KAGGLE_API_TOKEN: "KGAT_a b" }, {})).problem!, /spaces/);
});
