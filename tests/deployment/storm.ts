/** Callers of an endpoint whose processes are killed meanwhile: each request is one raw exchange, and none is tried again. */
export interface Storm {
  sent: number;
  /** Requests without an answer of 200, by what came instead. */
  lost: Map<string, number>;
  /** Longest time without any answer of 200, in ms. */
  longest_gap_ms: number;
}

/** Who was refused asks again after this. */
const AGAIN_MS = 10;
const again = () => new Promise((done) => setTimeout(done, AGAIN_MS));
const BODY = JSON.stringify({ rows: [{ length: 1.4, width: 0.2 }] });

/**
 * @param callers how many keep their connection, and how many open one for each request
 * @returns ends it
 */
export function startStorm(url: string, callers: { keeping: number; opening: number }): () => Promise<Storm> {
  const { hostname, port } = new URL(url);
  const storm: Storm = { sent: 0, lost: new Map(), longest_gap_ms: 0 };
  let answered_ms = performance.now();
  let asking = true;
  const lose = (what: string) => storm.lost.set(what, (storm.lost.get(what) ?? 0) + 1);
  const noteAnswer = () => {
    const now = performance.now();
    storm.longest_gap_ms = Math.max(storm.longest_gap_ms, now - answered_ms);
    answered_ms = now;
  };
  const call = async (keep: boolean) => {
    const request = new TextEncoder().encode(
      `POST /predict HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n${
        keep ? "" : "connection: close\r\n"
      }\r\n${BODY}`,
    );
    let conn: Deno.TcpConn | null = null;
    const buffer = new Uint8Array(8192);
    while (asking) {
      storm.sent++;
      let step = "connect";
      try {
        conn ??= await Deno.connect({ hostname, port: Number(port) });
        step = "answer";
        await conn.write(request);
        let text = "";
        while (!isWhole(text)) {
          const count = await conn.read(buffer);
          if (count === null) throw new Error("cut off");
          text += new TextDecoder().decode(buffer.subarray(0, count));
        }
        const status = text.slice(9, 12);
        if (status === "200") noteAnswer();
        else {
          lose(status);
          await again();
        }
        if (keep && !/\r\nconnection: close/i.test(text)) continue;
      } catch (error) {
        lose(`${step}: ${(error as Error).name}`);
        await again();
      }
      conn?.close();
      conn = null;
    }
    conn?.close();
  };
  const all = [
    ...Array.from({ length: callers.keeping }, () => call(true)),
    ...Array.from({ length: callers.opening }, () => call(false)),
  ];
  return async () => {
    asking = false;
    await Promise.all(all);
    noteAnswer();
    return storm;
  };
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = text.match(/\r\ncontent-length: (\d+)/i);
  return text.length - end - 4 >= Number(length?.[1] ?? 0);
}
