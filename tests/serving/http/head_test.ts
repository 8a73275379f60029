import assert from "node:assert/strict";
import { HttpFault, parseHead } from "@/serving/http/head.ts";

const head = (...lines: string[]) => parseHead(["POST /predict HTTP/1.1", "host: x", ...lines].join("\r\n"));

Deno.test("a head is read as it was sent, names in small letters", () => {
  const { method, target, headers, length, keepAlive, waits } = head(
    "Content-Type:application/json",
    "X-Many: a",
    "x-many:\t b \t",
    "Content-Length: 12",
  );
  assert.deepEqual([method, target, length, keepAlive, waits], ["POST", "/predict", 12, true, false]);
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(headers.get("x-many"), "a, b");
  assert.equal(headers.get("authorization"), null);
  assert.equal(parseHead("GET http://a.example/b?c HTTP/1.1\r\nhost: a").target, "/b?c");
  assert.equal(parseHead("GET https://a.example?c HTTP/1.1\r\nhost: a").target, "/?c");
  assert.equal(parseHead("GET / HTTP/1.0").keepAlive, false);
  assert.equal(head("connection: Upgrade, Close").keepAlive, false);
  assert.equal(head("expect: 100-Continue").waits, true);
  assert.equal(head("transfer-encoding: chunked").length, null);
});

const REFUSED: [string, number, string][] = [
  ["two lengths", 400, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4"],
  ["the same length twice", 400, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 3"],
  ["a length that is none", 400, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +3"],
  ["a negative length", 400, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1"],
  ["a length beyond all", 400, `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${"9".repeat(16)}`],
  [
    "a length and chunks",
    400,
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked",
  ],
  ["chunks in HTTP/1.0", 400, "POST / HTTP/1.0\r\ntransfer-encoding: chunked"],
  ["another coding", 501, "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked"],
  ["chunked twice", 501, "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, chunked"],
  ["no host", 400, "GET / HTTP/1.1"],
  ["two hosts", 400, "GET / HTTP/1.1\r\nhost: a\r\nhost: b"],
  ["a host with a path", 400, "GET / HTTP/1.1\r\nhost: a/b"],
  ["a blank before the colon", 400, "GET / HTTP/1.1\r\nhost: x\r\ncontent-length : 3"],
  ["a folded line", 400, "GET / HTTP/1.1\r\nhost: x\r\nx-a: 1\r\n b"],
  ["a header without a name", 400, "GET / HTTP/1.1\r\nhost: x\r\n: 1"],
  ["a header without a colon", 400, "GET / HTTP/1.1\r\nhost: x\r\nnothing"],
  ["a bare line feed", 400, "GET / HTTP/1.1\r\nhost: x\r\nx-a: 1\ncontent-length: 5"],
  ["a bare carriage return", 400, "GET / HTTP/1.1\r\nhost: x\r\nx-a: 1\rcontent-length: 5"],
  ["a NUL", 400, "GET / HTTP/1.1\r\nhost: x\r\nx-a: \0"],
  ["two blanks in the first line", 400, "GET  / HTTP/1.1\r\nhost: x"],
  ["a path of other letters", 400, "GET /ä HTTP/1.1\r\nhost: x"],
  ["no path", 400, "CONNECT a.example:443 HTTP/1.1\r\nhost: x"],
  ["HTTP/2", 505, "PRI * HTTP/2.0"],
  ["HTTP/0.9", 400, "GET /"],
  ["no HTTP at all", 400, "\x16\x03\x01"],
  ["more headers than anyone needs", 431, `GET / HTTP/1.1\r\n${"a: 1\r\n".repeat(101)}host: x`],
];
for (const [what, status, text] of REFUSED) {
  Deno.test(`a head is refused for ${what}`, () => {
    assert.throws(() => parseHead(text), (error) => error instanceof HttpFault && error.status === status);
  });
}
