/** Starts one replica process and talks it through its start; replica_protocol.ts tells the order. */
import { AppError, fromWireError } from "@/shared/errors.ts";
import { GO, type ReplicaLine, type ReplicaStart } from "@/shared/replica_protocol.ts";
import { selfCommand } from "@/shared/self_command.ts";

export interface StartedReplica {
  child: Deno.ChildProcess;
  pid: number;
  control_port: number;
}

/** Decoding a large model, on a busy machine. */
const CHECK_TIMEOUT_MS = 60_000;
const READY_TIMEOUT_MS = 15_000;

/**
 * @param checked called with the process id and control port before the replica may take traffic; must write them
 *   down, and may change the replica through its door
 * @throws AppError with the replica's own reason when it does not become ready; its process has then ended
 */
export async function startReplica(
  start: ReplicaStart,
  artifact: Uint8Array,
  childEnv: Record<string, string>,
  checked: (pid: number, control_port: number) => void | Promise<void>,
): Promise<StartedReplica> {
  // Detached: a replica leads its own session, and does not end with its supervisor.
  const child = selfCommand(["serve-model"], {
    env: childEnv,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    detached: true,
  }).spawn();
  const lines = new LineReader(child.stdout);
  const writer = child.stdin.getWriter();
  try {
    const line = await within(CHECK_TIMEOUT_MS, start, async () => {
      // A process that ends early breaks the pipe; what it said before is what counts.
      await writer.write(new TextEncoder().encode(JSON.stringify(start) + "\n")).catch(() => {});
      await writer.write(artifact).catch(() => {});
      return await lines.next();
    });
    if (line?.state !== "checked") throw failure(line, start);
    await checked(line.pid, line.control_port);
    const last = await within(READY_TIMEOUT_MS, start, async () => {
      await writer.write(new TextEncoder().encode(GO)).catch(() => {});
      return await lines.next();
    });
    if (last?.state !== "ready") throw failure(last, start);
    return { child, pid: line.pid, control_port: line.control_port };
  } catch (error) {
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended by itself */ }
    await child.status;
    throw error instanceof AppError ? error : failure(null, start, error);
  } finally {
    lines.close();
    await writer.close().catch(() => {});
  }
}

function failure(line: ReplicaLine | null, { replica_id }: ReplicaStart, cause?: unknown): AppError {
  if (line?.state === "failed") return fromWireError(line.error);
  return new AppError(
    "unavailable",
    `Cannot start replica ${replica_id}: its process ended before it was ready`,
    {
      hint: "The machine may be out of memory. The log under <home>/logs has more.",
      cause,
    },
  );
}

async function within<T>(
  timeout_ms: number,
  { replica_id }: ReplicaStart,
  work: () => Promise<T>,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, failed) => {
    timer = setTimeout(() => {
      failed(
        new AppError(
          "deadline_exceeded",
          `Cannot start replica ${replica_id}: it was not ready within ${timeout_ms / 1000} s`,
          {
            hint: "The machine may be overloaded. It is tried again by itself.",
          },
        ),
      );
    }, timeout_ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

class LineReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** @returns null at the end of the stream */
  async next(): Promise<ReplicaLine | null> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return JSON.parse(line) as ReplicaLine;
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#text += value;
    }
  }

  close(): void {
    this.#reader.cancel().catch(() => {});
  }
}
