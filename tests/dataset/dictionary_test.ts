import assert from "node:assert/strict";
import { ByteDictionary } from "@/dataset/dictionary.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("ByteDictionary codes strings in order of first appearance, many and of any length", () => {
  const dictionary = new ByteDictionary();
  const words = Array.from(
    { length: 20_000 },
    (_, i) => i % 7 === 0 ? "é".repeat(i % 50) + i : String(i * 7919),
  );
  words.push("", "a", "ab", "\ufeffx", "x");
  const unique = [...new Set(words)];
  for (const word of [...words, ...words]) {
    const bytes = encode(`<${word}>`);
    assert.equal(dictionary.codeOf(bytes, 1, bytes.length - 1), unique.indexOf(word, 0));
    if (dictionary.size > 300) break;
  }
  const index = new Map(unique.map((word, i) => [word, i]));
  for (const word of [...words, ...words]) {
    const bytes = encode(word);
    assert.equal(dictionary.codeOf(bytes, 0, bytes.length), index.get(word));
  }
  assert.equal(dictionary.size, unique.length);
  assert.deepEqual(dictionary.strings(), unique);
  assert.deepEqual(dictionary.strings(19_000), unique.slice(19_000));
});

Deno.test("ByteDictionary cuts entries from texts of bounded size", () => {
  const dictionary = new ByteDictionary();
  const long = "y".repeat(9_000_000);
  const words = [`${long}1`, `${long}2`, `${long}3`, "short", "ü", ""];
  for (const word of words) dictionary.codeOf(encode(word), 0, encode(word).length);
  assert.deepEqual(dictionary.strings(), words);
});
