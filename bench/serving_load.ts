/**
 * The load: one row a request over keep-alive connections, as plain bytes over TCP, so that the client costs
 * little beside the server.
 */
export interface Load {
  /** Answered with 200 a second. */
  per_s: number;
  p50_ms: number;
  p99_ms: number;
}

const CONNECTIONS = 16;
const WARM_MS = 1500;

export function requestBytes(port: number, path: string, body: string): Uint8Array {
  const { length } = new TextEncoder().encode(body);
  return new TextEncoder().encode(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`,
  );
}

/**
 * @param per_s requests a second, evenly spread; latency then counts from when a request was due, so a server that
 * falls behind is not flattered. Absent: as many as it answers.
 */
export async function load(
  port: number,
  request: Uint8Array,
  seconds: number,
  per_s?: number,
): Promise<Load> {
  const latencies: number[] = [];
  const began = performance.now();
  const warm = began + WARM_MS;
  const end = warm + seconds * 1000;
  const one = async (index: number) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const buffer = new Uint8Array(65536);
    let whole = 0;
    const every_ms = per_s === undefined ? 0 : CONNECTIONS * 1000 / per_s;
    let due = began + every_ms * index / CONNECTIONS;
    for (;;) {
      let now = performance.now();
      if (every_ms === 0) due = now;
      else if (due > now) {
        await new Promise((done) => setTimeout(done, due - now));
        now = performance.now();
      }
      if (now >= end) break;
      await connection.write(request);
      const n = await connection.read(buffer);
      // Answers to one request are as long as each other, nearly always.
      if (n === null || n !== whole || buffer[9] !== 0x32) {
        whole = await readAnswer(connection, buffer, n);
      }
      // A timer is late by up to a millisecond, which is the client's fault: what is due later than it was sent.
      const from = every_ms > 0 && now - due < 1.5 ? now : due;
      if (due >= warm) latencies.push(performance.now() - from);
      due += every_ms;
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => one(index)));
  latencies.sort((a, b) => a - b);
  return {
    per_s: latencies.length / seconds,
    p50_ms: latencies[Math.floor(latencies.length * 0.5)],
    p99_ms: latencies[Math.floor(latencies.length * 0.99)],
  };
}

/**
 * Reads on until head and body are there; some servers send them apart.
 * @returns the length of the whole answer
 * @throws Error for a status other than 200
 */
async function readAnswer(
  connection: Deno.Conn,
  buffer: Uint8Array,
  first: number | null,
): Promise<number> {
  let filled = 0;
  for (let n = first;; n = await connection.read(buffer.subarray(filled))) {
    if (n === null) throw new Error("the server closed the connection");
    filled += n;
    const text = new TextDecoder("latin1").decode(buffer.subarray(0, filled));
    const at = text.indexOf("\r\n\r\n");
    if (at < 0) continue;
    if (buffer[9] !== 0x32) throw new Error(text);
    const length = /^content-length: *(\d+)/im.exec(text.slice(0, at));
    if (length ? filled >= at + 4 + Number(length[1]) : text.endsWith("0\r\n\r\n")) return filled;
  }
}
