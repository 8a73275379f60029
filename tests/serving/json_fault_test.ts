import assert from "node:assert/strict";
import { countNames, jsonFault } from "@/serving/json_fault.ts";

Deno.test("jsonFault finds nothing in what JSON.parse takes, and something in what it does not", () => {
  const good = [
    '{"a":[1,-2.5e3,true,null,"x\\n\\u00e9\\"{:"]}',
    "[]",
    " 0 ",
    '"\u{1F600}"',
    '{"":{"a":1},"b":[{"a":1},{"a":2}]}',
  ];
  const bad = [
    "",
    "{",
    "[1,]",
    '{"a":1,}',
    "{a:1}",
    "'a'",
    "01",
    "1.",
    "+1",
    ".5",
    "NaN",
    "-Infinity",
    '"\\x"',
    '"\n"',
    '"open',
    "tru",
    "[1 2]",
    "{}{}",
    '{"a" 1}',
    "\u00a0 1",
  ];
  for (const text of good) {
    JSON.parse(text);
    assert.equal(jsonFault(text), null, text);
  }
  for (const text of bad) {
    assert.throws(() => JSON.parse(text), text);
    assert.ok(jsonFault(text), text);
  }
});

Deno.test("jsonFault finds a name that stands twice, also when it is written otherwise", () => {
  assert.match(jsonFault('{"a":1,"\\u0061":2}')?.reason ?? "", /"a".*twice/);
  assert.deepEqual(jsonFault('[\n {"k": 1,\n  "k": 2}]')?.line, 3);
});

Deno.test("jsonFault agrees with JSON.parse on texts that were changed by chance", () => {
  const text = '{"rows":[{"length":1.4,"note":"a\\"b"},[true,null,-2e5]]}';
  let checked = 0;
  for (let at = 0; at < text.length; at++) {
    for (const char of ['"', "{", "]", ",", ":", "0", "-", "\\", " ", ""]) {
      const changed = text.slice(0, at) + char + text.slice(at + 1);
      let parses = true;
      try {
        JSON.parse(changed);
      } catch {
        parses = false;
      }
      const fault = jsonFault(changed);
      assert.equal(fault === null || /twice/.test(fault.reason), parses, changed);
      checked++;
    }
  }
  assert.ok(checked > 500);
});

Deno.test("countNames counts names and no colon in a string", () => {
  assert.equal(countNames('{"a:b":"c:d","e\\":":{"f":[1,{"g":null}]}}'), 4);
});
