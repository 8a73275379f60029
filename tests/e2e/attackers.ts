/** What attack_test.ts sets upon a replica: PORT CONNECTIONS MILLISECONDS. Ends by itself. */
import { post, RawClient, ROW } from "../serving/http/raw_client.ts";

const [port, connections, siege_ms] = Deno.args.map(Number);

/** Goes on with it until the end, on connections that are made again when they are closed. */
async function keep(count: number, attack: (client: RawClient) => Promise<void>) {
  const one = async () => {
    while (performance.now() < end_ms) {
      const client = await RawClient.to(port).catch(() => null);
      if (client === null) {
        await pause(100);
        continue;
      }
      const timer = setTimeout(() => client.close(), Math.max(0, end_ms - performance.now()));
      await attack(client).catch(() => {});
      // What it is told is nothing to it; it waits until it is closed.
      while (await client.receive());
      clearTimeout(timer);
      client.close();
    }
  };
  await Promise.all(Array.from({ length: count }, one));
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** A piece every 50 ms. */
async function dribble(client: RawClient, text: string): Promise<void> {
  for (const char of text) {
    await client.send(char);
    await pause(50);
  }
}

const end_ms = performance.now() + siege_ms + 2000;
// Writes that nobody takes can't be cancelled in Deno 2.6.
setTimeout(() => Deno.exit(0), siege_ms + 2500);
const share = Math.floor(connections / 4);
const head = post(ROW).slice(0, -ROW.length);
await Promise.all([
  // Silent from the first moment on.
  keep(connections - share - 420, () => Promise.resolve()),
  // One request, and then silence.
  keep(share, (client) => client.send(post(ROW))),
  // Slowloris: a head, and a body, byte by byte.
  keep(200, (client) => dribble(client, head.repeat(10))),
  keep(200, async (client) => {
    await client.send(head);
    await dribble(client, ROW);
  }),
  // Pages that are asked for and not taken.
  keep(20, async (client) => {
    const pages = "GET /docs HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100);
    while (performance.now() < end_ms) await client.send(pages);
  }),
]);
Deno.exit(0);
