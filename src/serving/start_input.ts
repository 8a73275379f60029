/** What a replica reads from its stdin: one line of JSON, the artifact's bytes, and later the word to go. */
import { AppError } from "@/shared/errors.ts";
import { GO, type ReplicaStart } from "@/shared/replica_protocol.ts";

/** No line is longer. */
const MAX_LINE_BYTES = 1 << 20;

export class StartInput {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** @throws AppError unavailable when the supervisor closed the pipe early, that is, when it died */
  async readStart(): Promise<{ start: ReplicaStart; artifact: Uint8Array }> {
    const start = JSON.parse(new TextDecoder().decode(await this.#readLine())) as ReplicaStart;
    const artifact = new Uint8Array(start.artifact_bytes);
    let at = 0;
    while (at < artifact.length) {
      if (this.#rest.length === 0) await this.#more();
      const taken = this.#rest.subarray(0, artifact.length - at);
      artifact.set(taken, at);
      at += taken.length;
      this.#rest = this.#rest.subarray(taken.length);
    }
    return { start, artifact };
  }

  /** Waits for the supervisor's word. @throws AppError unavailable when it died instead */
  async waitForGo(): Promise<void> {
    const line = new TextDecoder().decode(await this.#readLine());
    if (`${line}\n` !== GO) {
      throw new AppError(
        "invalid_argument",
        `Cannot start: expected "go", read ${JSON.stringify(line.slice(0, 40))}`,
      );
    }
    // From here on the replica lives without its supervisor, so nothing may wait on the pipe.
    await this.#reader.cancel();
  }

  async #readLine(): Promise<Uint8Array> {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) {
        const line = this.#rest.subarray(0, end);
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      if (this.#rest.length > MAX_LINE_BYTES) {
        throw new AppError("invalid_argument", "Cannot start: the first line never ends");
      }
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#reader.read();
    if (done) {
      throw new AppError("unavailable", "Cannot start a replica: stdin ended early", {
        hint: "mlmcp starts replicas itself; deploy a model instead.",
      });
    }
    const joined = new Uint8Array(this.#rest.length + value.length);
    joined.set(this.#rest);
    joined.set(value, this.#rest.length);
    this.#rest = joined;
  }
}
