/**
 * Where a text stops being JSON, and whether an object in it names a key twice: what JSON.parse does not tell.
 * Only run when something is wrong, or may be; the fast way is JSON.parse.
 *
 * Source: RFC 8259.
 */
export interface JsonFault {
  line: number;
  column: number;
  reason: string;
}

/** Deeper than any request that is meant well. */
export const MAX_DEPTH = 100;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;

/** The first fault, or null when the text is JSON without a repeated key. */
export function jsonFault(text: string): JsonFault | null {
  let at = 0;
  const fail = (reason: string, where = at): never => {
    throw new Fault(where, reason);
  };
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    return found === null ? null : found[0];
  };
  const space = () => {
    while (at < text.length && " \t\n\r".includes(text[at])) at++;
  };
  const seen = () => at >= text.length ? "the end of the text" : `${JSON.stringify(text[at])}`;
  const string = (): string => {
    const start = at++;
    while (at < text.length && text[at] !== '"') {
      if (text[at] === "\\") {
        const escape = match(ESCAPE);
        if (escape === null) fail("no such escape in a string");
        at += escape!.length;
      } else if (text[at] < " ") fail("a control character in a string must be escaped");
      else at++;
    }
    if (at >= text.length) fail("a string is not closed", start);
    return text.slice(start, ++at);
  };
  const value = (depth: number): void => {
    if (depth > MAX_DEPTH) fail(`it is nested more than ${MAX_DEPTH} deep`);
    space();
    const first = text[at];
    if (first === "{") object(depth);
    else if (first === "[") array(depth);
    else if (first === '"') string();
    else if (first === "-" || (first >= "0" && first <= "9")) {
      const found = match(NUMBER);
      if (found === null) fail("a number is not written as JSON writes it");
      at += found!.length;
    } else {
      const word = match(WORD);
      if (word === null) fail(`expected a value, found ${seen()}`);
      if (!["true", "false", "null"].includes(word!)) {
        fail(
          /^(nan|infinity)$/i.test(word!)
            ? `${word} is not JSON; send null for a missing value`
            : `expected a value, found ${word}`,
        );
      }
      at += word!.length;
    }
  };
  const object = (depth: number): void => {
    at++;
    const keys = new Set<string>();
    space();
    if (text[at] === "}") return void at++;
    for (;;) {
      space();
      const start = at;
      if (text[at] !== '"') fail(`expected a name in double quotes, found ${seen()}`);
      const key = JSON.parse(string()) as string;
      if (keys.has(key)) fail(`the name ${JSON.stringify(key)} stands twice in one object`, start);
      keys.add(key);
      space();
      if (text[at] !== ":") fail(`expected ":" after a name, found ${seen()}`);
      at++;
      value(depth + 1);
      space();
      if (text[at] === "}") return void at++;
      if (text[at] !== ",") fail(`expected "," or "}", found ${seen()}`);
      at++;
    }
  };
  const array = (depth: number): void => {
    at++;
    space();
    if (text[at] === "]") return void at++;
    for (;;) {
      value(depth + 1);
      space();
      if (text[at] === "]") return void at++;
      if (text[at] !== ",") fail(`expected "," or "]", found ${seen()}`);
      at++;
    }
  };
  try {
    value(0);
    space();
    if (at < text.length) fail(`expected the end, found ${seen()}`);
    return null;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const before = text.slice(0, error.at).split("\n");
    return { line: before.length, column: before[before.length - 1].length + 1, reason: error.reason };
  }
}

class Fault {
  constructor(readonly at: number, readonly reason: string) {}
}

/** How many names the text gives values to: colons outside of strings. The text must be JSON. */
export function countNames(text: string): number {
  let names = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x3a) names++;
  }
  return names;
}
