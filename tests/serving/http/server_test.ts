import assert from "node:assert/strict";
import { CERTIFICATES } from "../../deployment/certificates.ts";
import type { Failure } from "../make_replica.ts";
import { ask, post, RawClient, ROW, withPort } from "./raw_client.ts";

const predictionOf = (answer: { body: string } | null) => JSON.parse(answer!.body).predictions;
const codeOf = (answer: { body: string } | null) => (JSON.parse(answer!.body) as Failure).error.code;

Deno.test("requests on one connection are answered in their order, also when sent without waiting", async () => {
  await withPort(async ({ port }) => {
    const client = await RawClient.to(port);
    const other = JSON.stringify({ rows: [{ length: 5.6, width: 1.8 }] });
    await client.send(
      post(ROW) + post(other) + "GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n" + post(ROW),
    );
    assert.deepEqual(predictionOf(await client.receive()), ["setosa"]);
    assert.deepEqual(predictionOf(await client.receive()), ["virginica"]);
    assert.deepEqual(JSON.parse((await client.receive())!.body), { live: true });
    assert.deepEqual(predictionOf(await client.receive()), ["setosa"]);
    await client.send(post(ROW, ["connection: close"]));
    const last = await client.receive();
    assert.match(last!.head, /\r\nconnection: close/);
    assert.equal(await client.receive(), null);
    client.close();
  });
});

Deno.test("a request may come a byte at a time, with other letters, and after an empty line", async () => {
  await withPort(async ({ port }) => {
    for (const headers of [[], ["x-note: grün"]]) {
      const client = await RawClient.to(port);
      for (const byte of new TextEncoder().encode(`\r\n${post(ROW, headers)}`)) {
        await client.send(new Uint8Array([byte]));
      }
      assert.deepEqual(predictionOf(await client.receive()), ["setosa"]);
      await client.send(post(ROW, headers) + post(ROW));
      assert.deepEqual(predictionOf(await client.receive()), ["setosa"]);
      assert.deepEqual(predictionOf(await client.receive()), ["setosa"]);
      client.close();
    }
  });
});

Deno.test("a body may come in chunks, with extensions and trailers, and its limit holds", async () => {
  await withPort(async ({ port }) => {
    const chunks = [...ROW].map((char) => `1;a=b\r\n${char}\r\n`).join("");
    const chunked = (body: string) => post(body, ["transfer-encoding: chunked"]);
    const client = await RawClient.to(port);
    await client.send(
      chunked(`${chunks}0\r\nx-sum: 1\r\n\r\n`) +
        chunked(`${ROW.length.toString(16)}\r\n${ROW}\r\n0\r\n\r\n`),
    );
    assert.deepEqual(predictionOf(await client.receive()), ["setosa"]);
    assert.deepEqual(predictionOf(await client.receive()), ["setosa"]);
    client.close();
    for (
      const wrong of [
        "x\r\n",
        "-1\r\n",
        "3\r\nabcd\r\n",
        "1\nx",
        `${"1".repeat(300)}\r\n`,
        `0\r\n${"a: b\r\n".repeat(99)}\r\n`,
      ]
    ) {
      assert.equal((await ask(port, chunked(wrong)))!.status, 400, wrong.slice(0, 20));
    }
    const large = `${(9 << 20).toString(16)}\r\n${" ".repeat(9 << 20)}\r\n0\r\n\r\n`;
    assert.equal((await ask(port, chunked(large)))!.status, 413);
  });
});

Deno.test("a body that is announced too large is refused before it is sent, and a client that sends it hears why", async () => {
  await withPort(async ({ port }) => {
    const waiting = await ask(port, post("", ["content-length: 90000000", "expect: 100-continue"]));
    assert.equal(waiting!.status, 413);
    const sending = await ask(port, post(" ".repeat(20 << 20)));
    assert.equal(sending!.status, 413);
    assert.equal(codeOf(sending), "payload_too_large");
    assert.match(sending!.head, /connection: close/);
  });
});

Deno.test("a client that waits for 100 is told to go on, and a large body comes whole", async () => {
  await withPort(async ({ port }) => {
    const client = await RawClient.to(port);
    const rows = JSON.stringify({
      rows: Array.from({ length: 40_000 }, () => ({ length: 1.4, width: 0.2 })),
    });
    await client.send(post("", ["expect: 100-continue", `content-length: ${rows.length}`]));
    assert.equal((await client.receive())!.status, 100);
    const [answer] = await Promise.all([client.receive(), client.send(rows)]);
    assert.equal(predictionOf(answer).length, 40_000);
    client.close();
  });
});

Deno.test("what was not read of a small body does not end the connection or become the next request", async () => {
  await withPort(async ({ port }) => {
    const client = await RawClient.to(port);
    await client.send(post("GET /metadata HTTP/1.1\r\n\r\n", [], "/nothing") + post(ROW));
    assert.equal((await client.receive())!.status, 404);
    assert.deepEqual(predictionOf(await client.receive()), ["setosa"]);
    client.close();
  });
});

Deno.test("HEAD has the headers and no body, and a fault of ours is answered and counted", async () => {
  await withPort(async ({ port, replica }) => {
    const client = await RawClient.to(port);
    await client.send("HEAD /metadata HTTP/1.1\r\nhost: localhost\r\n\r\n" + post(ROW));
    assert.match((await client.receive(true))!.head, /^HTTP\/1\.1 200 OK/);
    assert.deepEqual(predictionOf(await client.receive()), ["setosa"]);
    (replica as { holder: unknown }).holder = null;
    await client.send(post(ROW));
    assert.equal((await client.receive())!.status, 500);
    client.close();
  });
});

Deno.test("every answer carries a date, a length, a request id and the safe headers, also to what is no request", async () => {
  await withPort(async ({ port }) => {
    const requests = [
      post(ROW),
      post("{"),
      "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
      "GET /docs HTTP/1.1\r\nhost: localhost\r\n\r\n",
      "GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n",
      "DELETE /predict HTTP/1.1\r\nhost: localhost\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: evil.example\r\n\r\n",
      "nonsense\r\n\r\n",
    ];
    for (const request of requests) {
      const { head } = (await ask(port, request))!;
      for (
        const header of [
          /\r\ndate: \w{3}, /,
          /\r\ncontent-length: \d+/,
          /\r\nx-request-id: [\w-]+/,
          /\r\nx-content-type-options: nosniff/,
        ]
      ) {
        assert.match(head, header, request.slice(0, 30));
      }
      if (!request.startsWith("POST") || !head.includes(" 200 ")) {
        assert.match(head, /\r\ncache-control: no-store/);
        assert.match(
          head,
          /\r\ncontent-security-policy: default-src 'none'/.test(head) ? /default-src/ : /text\/plain/,
        );
      }
    }
  });
});

Deno.test("shutting down answers what is in flight, tells active clients, and closes the idle", async () => {
  await withPort(async ({ port, server }) => {
    const [idle, active, half] = [
      await RawClient.to(port),
      await RawClient.to(port),
      await RawClient.to(port),
    ];
    for (const client of [idle, active]) {
      await client.send(post(ROW));
      assert.equal((await client.receive())!.status, 200);
    }
    await half.send(post(ROW).slice(0, -10));
    while (server.connections < 3) await new Promise((done) => setTimeout(done, 5));
    const ended = server.shutdown();
    await active.send(post(ROW));
    assert.match((await active.receive())!.head, / 200 OK[^]*\r\nconnection: close/);
    await half.send(ROW.slice(-10));
    assert.match((await half.receive())!.head, / 200 OK[^]*\r\nconnection: close/);
    assert.equal(await idle.receive(), null);
    await ended;
    assert.equal(server.connections, 0);
    for (const client of [idle, active, half]) client.close();
  });
});

Deno.test("a client that waits for nothing more is closed, each after its time", async () => {
  const limits = { header_timeout_ms: 300, idle_timeout_ms: 300, transfer_timeout_ms: 300 };
  await withPort(async ({ port, server }) => {
    const clients = {
      silent: "",
      "half a head": post(ROW).slice(0, 30),
      "half a body": post(ROW).slice(0, -5),
      idle: post(ROW),
      "half a chunk": post("5\r\nab", ["transfer-encoding: chunked"]),
    };
    const seen: Record<string, unknown> = {};
    await Promise.all(
      Object.entries(clients).map(async ([name, bytes]) => {
        const client = await RawClient.to(port);
        if (bytes) await client.send(bytes);
        const statuses: number[] = [];
        for (let answer = await client.receive(); answer; answer = await client.receive()) {
          statuses.push(answer.status);
        }
        seen[name] = statuses;
        client.close();
      }),
    );
    assert.deepEqual(seen, {
      silent: [],
      "half a head": [408],
      "half a body": [408],
      idle: [200],
      "half a chunk": [408],
    });
    assert.equal(server.connections, 0);
  }, limits);
});

// Without the check for operations that go on: Deno 2.6 can't cancel a write.
Deno.test("a client that does not take its answer is given up", { sanitizeOps: false }, async () => {
  await withPort(async ({ port, server }) => {
    const client = await RawClient.to(port);
    // The answers stay in the server, as soon as the buffers of the kernel are full.
    const page = "GET /docs HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(200);
    let sent = 0;
    void (async () => {
      for (;;) await client.send(page).then(() => sent++);
    })().catch(() => {});
    const end = performance.now() + 20_000;
    while ((sent === 0 || server.connections > 0) && performance.now() < end) {
      await new Promise((done) => setTimeout(done, 20));
    }
    assert.equal(server.connections, 0);
    client.close();
  }, { transfer_timeout_ms: 300 });
});

Deno.test("when all places are taken, the one that has been idle longest makes room", async () => {
  await withPort(async ({ port, server }) => {
    const clients: RawClient[] = [];
    for (let i = 0; i < 20; i++) {
      clients.push(await RawClient.to(port));
      await clients[i].send(post(ROW));
      assert.equal((await clients[i].receive())?.status, 200, `client ${i}`);
      assert.ok(server.connections <= 5);
    }
    await clients[19].send(post(ROW));
    assert.equal((await clients[19].receive())?.status, 200);
    assert.equal(await clients[0].receive(), null);
    for (const client of clients) client.close();
  }, { max_connections: 5 });
});

Deno.test("large bodies that never end share a bounded room, and small ones pass", async () => {
  await withPort(async ({ port }) => {
    const slow: RawClient[] = [];
    const answers: Promise<{ status: number } | null>[] = [];
    for (let i = 0; i < 10; i++) {
      slow[i] = await RawClient.to(port);
      await slow[i].send(post(" ".repeat(200_000), ["content-length: 4000000"]));
      answers.push(slow[i].receive());
    }
    const refused = await Promise.any(answers.map(async (answer) => {
      const { status } = (await answer)!;
      assert.equal(status, 503);
      return status;
    }));
    assert.equal(refused, 503);
    assert.deepEqual(predictionOf(await ask(port, post(ROW))), ["setosa"]);
    for (const client of slow) client.close();
    await Promise.all(answers);
    // What they held is free again.
    const large = JSON.stringify({ rows: Array.from({ length: 20_000 }, () => [1.4, 0.2]) });
    assert.equal(predictionOf(await ask(port, post(large))).length, 20_000);
  }, { max_pending_bytes: 1_000_000 });
});

Deno.test("over TLS it is the same, and who does not finish the greeting is given up", async () => {
  await withPort(
    async ({ port, server }) => {
      const conn = await Deno.connectTls({
        hostname: "127.0.0.1",
        port,
        caCerts: [CERTIFICATES.one.cert],
      });
      const client = new RawClient(conn);
      const rows = JSON.stringify({ rows: Array.from({ length: 5000 }, () => [1.4, 0.2]) });
      await client.send(post(rows) + post(ROW));
      assert.equal(predictionOf(await client.receive()).length, 5000);
      await client.send("GET /docs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
      assert.deepEqual(predictionOf(await client.receive()), ["setosa"]);
      assert.match((await client.receive())!.body, /<\/html>/);
      assert.equal(await client.receive(), null);
      client.close();
      const [silent, plain, half] = await Promise.all([1, 2, 3].map(() => RawClient.to(port)));
      await plain.send(post(ROW));
      await half.send(new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1]));
      assert.equal(await plain.receive(), null);
      // Deno keeps the socket of a greeting that never ends; here it is given up.
      while (server.connections > 0) await new Promise((done) => setTimeout(done, 5));
      for (const one of [silent, plain, half]) one.close();
    },
    { header_timeout_ms: 300 },
    undefined,
    CERTIFICATES.one,
  );
});

Deno.test("shedding ends a share of the connections, each with its next answer, and none before", async () => {
  await withPort(async ({ port, server }) => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.to(port)));
    const ends = async () => {
      const answers = await Promise.all(clients.map(async (client) => {
        await client.send(post(ROW));
        return (await client.receive())!;
      }));
      assert.ok(answers.every(({ status }) => status === 200));
      return answers.filter(({ head }) => /\r\nconnection: close/.test(head)).length;
    };
    assert.equal(await ends(), 0);
    server.shed(1 / 3);
    assert.equal(server.connections, 6);
    assert.equal(await ends(), 2);
    for (const client of clients) client.close();
  });
});
