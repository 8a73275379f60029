import assert from "node:assert/strict";
import { canonicalJson, sha256Hex } from "@/shared/hash.ts";
import { AppError } from "@/shared/errors.ts";

Deno.test("sha256Hex gives the digests of FIPS 180-4's examples", () => {
  const hash = (text: string) => sha256Hex(new TextEncoder().encode(text));
  assert.equal(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

Deno.test("sha256Hex hashes only the part a view shows", () => {
  const bytes = new TextEncoder().encode("xxabcxx").subarray(2, 5);
  assert.equal(sha256Hex(bytes), sha256Hex(new TextEncoder().encode("abc")));
});

Deno.test("canonicalJson gives equal text for values that differ in key order only", () => {
  assert.equal(canonicalJson({ b: [1, { d: 1, c: null }], a: "x" }), '{"a":"x","b":[1,{"c":null,"d":1}]}');
  assert.equal(canonicalJson({ a: "x", b: [1, { c: null, d: 1 }] }), '{"a":"x","b":[1,{"c":null,"d":1}]}');
});

Deno.test("canonicalJson leaves out what JSON leaves out and obeys toJSON", () => {
  const date = new Date(0);
  const value = { z: undefined, f: () => 1, d: date, list: [undefined, 2], "10": 1, "9": 2 };
  assert.equal(canonicalJson(value), '{"10":1,"9":2,"d":"1970-01-01T00:00:00.000Z","list":[null,2]}');
  assert.equal(canonicalJson(undefined), "null");
});

Deno.test("canonicalJson names the place of a number that JSON can't say", () => {
  assert.throws(() => canonicalJson({ a: [1, { b: NaN }] }), (error) => {
    assert.ok(error instanceof AppError && error.code === "invalid_argument");
    assert.match(error.message, /\$\.a\[1\]\.b .*NaN/);
    return true;
  });
});
