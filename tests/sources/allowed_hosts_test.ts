import assert from "node:assert/strict";
import { checkAddress } from "@/sources/allowed_hosts.ts";

const ADDRESSES: Record<string, string[]> = {
  "data.example.org": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
  "deep.data.example.org": ["93.184.215.14"],
  "rebound.example.org": ["93.184.215.14", "10.0.0.7"],
  "mapped.example.org": ["::ffff:192.168.1.1"],
  "link.example.org": ["fe80::1%eth0"],
  "cloud.example.org": ["169.254.169.254"],
  "carrier.example.org": ["100.64.0.1"],
  "unique.example.org": ["fd12:3456::1"],
  "localhost": ["127.0.0.1", "::1"],
  "intranet.example.com": ["10.1.2.3"],
};

/** Null when it may be asked, else the error's code and message. */
async function verdict(url: string, ...allowedHosts: string[]): Promise<string | null> {
  const resolve = (host: string) =>
    host in ADDRESSES ? Promise.resolve(ADDRESSES[host]) : Promise.reject(new Error("getaddrinfo ENOTFOUND"));
  return await checkAddress(new URL(url), { allowedHosts, resolve }).then(
    () => null,
    (error) => `${error.code} ${error.message} ${error.hint}`,
  );
}

Deno.test("a host is asked when the list names it, or a star stands for what is before it", async () => {
  assert.equal(await verdict("https://data.example.org/a.csv", "data.example.org"), null);
  assert.equal(await verdict("https://DATA.example.org/a.csv", "Data.Example.org"), null);
  assert.equal(await verdict("https://deep.data.example.org/a.csv", "*.example.org"), null);
  assert.equal(await verdict("https://behind.proxy.example/a.csv", "behind.proxy.example"), null);
  for (
    const [url, ...list] of [
      ["https://data.example.org/a.csv"],
      ["https://data.example.org/a.csv", "example.org"],
      ["https://example.org/a.csv", "*.example.org"],
      ["https://dataXexample.org/a.csv", "*.example.org", "data.example.org"],
      ["https://data.example.org.evil.test/a.csv", "*.example.org", "data.example.org"],
      ["https://data.example.org:8443/a.csv", "data.example.org"],
    ]
  ) {
    assert.match(String(await verdict(url, ...list)), /^permission_denied .*sources\.allowed_hosts/, url);
  }
});

Deno.test("an address inside a private network is refused, in every form that it can be written in", async () => {
  const hosts = ["rebound", "mapped", "link", "cloud", "carrier", "unique"].map((name) =>
    `${name}.example.org`
  );
  const literals = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0",
    "10.0.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "[::1]",
    "[::]",
    "[::ffff:10.0.0.1]",
    "[::ffff:7f00:1]",
    "[fe80::1]",
    "[fd00::1]",
    "[64:ff9b::a00:1]",
  ];
  for (const host of [...hosts, ...literals, "localhost"]) {
    const url = `https://${host}/a.csv`;
    const listed = new URL(url).hostname;
    assert.match(String(await verdict(url, listed)), /^permission_denied .*no public address/, host);
  }
});

Deno.test("what is listed with its port may be private, and on this machine without encryption", async () => {
  assert.equal(await verdict("https://intranet.example.com/a.csv", "intranet.example.com:443"), null);
  assert.equal(await verdict("http://127.0.0.1:8123/a.csv", "127.0.0.1:8123"), null);
  assert.equal(await verdict("http://localhost:8123/a.csv", "localhost:8123"), null);
  assert.match(
    String(await verdict("http://intranet.example.com/a.csv", "intranet.example.com:80")),
    /^permission_denied .*not be encrypted/,
  );
  assert.match(
    String(await verdict("http://data.example.org/a.csv", "data.example.org")),
    /not be encrypted/,
  );
  assert.match(
    String(await verdict("http://127.0.0.1:8124/a.csv", "127.0.0.1:8123")),
    /not among the allowed/,
  );
});

Deno.test("an address that holds a login is refused, and its password is not repeated", async () => {
  const text = String(await verdict("https://me:hunter2@data.example.org/a.csv", "data.example.org"));
  assert.match(text, /^invalid_argument .*holds a login/);
  assert.ok(!text.includes("hunter2"));
});
