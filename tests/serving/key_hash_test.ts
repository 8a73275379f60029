import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { sha256OfKey } from "@/serving/key_hash.ts";

Deno.test("the hash of a key is what node:crypto says, for every length about the borders of blocks", () => {
  for (let length = 0; length < 200; length++) {
    for (const letter of ["a", "ä", "𝄞"]) {
      const key = letter.repeat(length);
      assert.equal(
        sha256OfKey(key),
        createHash("sha256").update(key).digest("hex"),
        `${length} of ${letter}`,
      );
    }
  }
});

Deno.test("the hash of a key is FIPS 180-4's for its examples", () => {
  assert.equal(sha256OfKey("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(
    sha256OfKey("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  );
});
