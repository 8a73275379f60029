import assert from "node:assert/strict";
import { Turns, type Waiter } from "@/serving/turns.ts";
import { AppError, type ErrorCode } from "@/shared/errors.ts";
import { makeAccess, makeReplica } from "./make_replica.ts";
import { post, RawClient, ROW, withPort } from "./http/raw_client.ts";

const is = (code: ErrorCode) => (error: unknown) => error instanceof AppError && error.code === code;
const compute = (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

Deno.test("turns go in order, each after the work of the one before", async () => {
  const turns = new Turns();
  const order: number[] = [];
  await Promise.all(Array.from({ length: 50 }, async (_, i) => {
    await turns.take({}, 100, Infinity);
    assert.equal(order.length, i);
    compute(0.3);
    order.push(i);
  }));
  assert.deepEqual(order, Array.from({ length: 50 }, (_, i) => i));
  assert.equal(turns.waiting, 0);
});

Deno.test("whoever comes when too many wait is refused at once, and the others are served", async () => {
  const turns = new Turns();
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, async () => {
    await turns.take({}, 10, Infinity);
    compute(1);
  }));
  const refused = outcomes.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
  assert.equal(refused.length, 20);
  assert.ok(refused.every(({ reason }) => is("unavailable")(reason)));
  await turns.take({}, 10, Infinity);
});

Deno.test("what nobody waits for any more is not begun: the deadline has passed, or the client has left", async () => {
  const turns = new Turns();
  const gone: Waiter & { watched: number } = {
    watched: 0,
    watch() {
      this.watched++;
    },
    get gone() {
      return this.watched > 0;
    },
  };
  const slow = Array.from({ length: 4 }, async () => {
    await turns.take({}, 10, Infinity);
    compute(10);
  });
  const late = turns.take({}, 10, performance.now() + 5);
  const left = turns.take(gone, 10, Infinity);
  await Promise.all([
    ...slow,
    assert.rejects(late, is("deadline_exceeded")),
    assert.rejects(left, is("cancelled")),
  ]);
});

Deno.test("between slices what came meanwhile is taken in", async () => {
  const turns = new Turns();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await Promise.all(Array.from({ length: 20 }, async () => {
    await turns.take({}, 100, Infinity);
    compute(6);
  }));
  clearInterval(timer);
  assert.ok(ticks >= 10, `the event loop turned ${ticks} times in 120 ms of work`);
});

Deno.test("an overloaded replica answers 503 with Retry-After, at once, and goes on serving the others", async () => {
  const replica = makeReplica({ access: makeAccess({ max_waiting: 3 }) });
  const { current } = replica.holder;
  const { pipeline } = current.artifact;
  // A model that takes 20 ms.
  Object.defineProperty(current.artifact, "pipeline", {
    get: () => (compute(20), pipeline),
  });
  await withPort(
    async ({ port }) => {
      const answers = await Promise.all(Array.from({ length: 24 }, async () => {
        const client = await RawClient.to(port);
        await client.send(post(ROW));
        const answer = await client.receive();
        client.close();
        return answer!;
      }));
      const busy = answers.filter(({ status }) => status === 503);
      assert.ok(answers.some(({ status }) => status === 200));
      assert.ok(busy.length >= 5, `${busy.length} of 24 were refused`);
      for (const { head, body } of busy) {
        assert.match(head, /\r\nretry-after: 1/);
        assert.match(body, /wait already/);
      }
      assert.equal(
        (await RawClient.to(port).then(async (client) => {
          await client.send(post(ROW));
          const answer = await client.receive();
          client.close();
          return answer;
        }))!.status,
        200,
      );
    },
    {},
    replica,
  );
});

Deno.test("a request says how long it waits, and is answered 504 when that has passed", async () => {
  await withPort(async ({ port, replica }) => {
    const client = await RawClient.to(port);
    const timed = (ms: string) => post("", [`x-request-timeout-ms: ${ms}`, `content-length: ${ROW.length}`]);
    await client.send(timed("30"));
    await new Promise((done) => setTimeout(done, 60));
    await client.send(ROW);
    const late = await client.receive();
    assert.equal(late!.status, 504);
    assert.match(late!.body, /deadline_exceeded/);
    assert.equal(replica.counters.total().rows, 0, "nothing was predicted");
    await client.send(timed("5000") + ROW);
    assert.equal((await client.receive())!.status, 200);
    await client.send(timed("soon") + ROW);
    assert.equal((await client.receive())!.status, 400);
    client.close();
  });
});

Deno.test("a client that leaves while it waits is not predicted for", async () => {
  const replica = makeReplica();
  const { current } = replica.holder;
  const { pipeline } = current.artifact;
  Object.defineProperty(current.artifact, "pipeline", { get: () => (compute(15), pipeline) });
  await withPort(
    async ({ port }) => {
      const clients = await Promise.all(Array.from({ length: 30 }, () => RawClient.to(port)));
      await Promise.all(clients.map((client) => client.send(post(ROW))));
      for (const client of clients.slice(1)) client.close();
      assert.equal((await clients[0].receive())!.status, 200);
      clients[0].close();
      while (replica.counters.inFlight > 0) await new Promise((done) => setTimeout(done, 5));
      const { rows, byStatus } = replica.counters.total();
      assert.ok(rows < 20, `${rows} of 30 were predicted`);
      assert.ok((byStatus.get(499) ?? 0) > 10, JSON.stringify([...byStatus]));
    },
    {},
    replica,
  );
});
