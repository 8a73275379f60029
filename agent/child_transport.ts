/**
 * MCP over the stdin and stdout of a child process: one JSON document a line (MCP's stdio transport).
 *
 * Not the SDK's own, because that one spawns through node:child_process; see self_command.ts.
 */
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { TextLineStream } from "./text_lines.ts";

/** How long a child may take to end after its stdin is closed, before it is killed. */
const GRACE_MS = 3000;
/** So much of what a child said on stderr is kept for an error message. */
const STDERR_KEPT = 4000;

export class ChildTransport implements Transport {
  onmessage?: Transport["onmessage"];
  onclose?: () => void;
  onerror?: (error: Error) => void;
  #command: Deno.Command;
  #child: Deno.ChildProcess | null = null;
  #writer: WritableStreamDefaultWriter<Uint8Array> | null = null;
  #stderr = "";
  #ended: Promise<void> = Promise.resolve();

  constructor(command: Deno.Command) {
    this.#command = command;
  }

  /** These two names tell the SDK that this is a stdio transport. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }
  get stderr(): string {
    return this.#stderr.trim();
  }

  start(): Promise<void> {
    const child = this.#command.spawn();
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#ended = Promise.all([this.#read(child.stdout), this.#collect(child.stderr), child.status]).then(
      async () => {
        this.#child = null;
        await this.#writer?.close().catch(() => {});
        this.onclose?.();
      },
    );
    return Promise.resolve();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.#child || !this.#writer) throw new Error("the process has ended");
    await this.#writer.write(new TextEncoder().encode(JSON.stringify(message) + "\n"));
  }

  /** Closes the child's stdin, which asks it to end; kills it when it does not. */
  async close(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    await this.#writer?.close().catch(() => {});
    const timer = setTimeout(() => this.kill(), GRACE_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  kill(): void {
    try {
      this.#child?.kill("SIGKILL");
    } catch { /* it has just ended */ }
  }

  async #read(stdout: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (const line of stdout.pipeThrough(new TextLineStream())) {
        if (line.trim() === "") continue;
        try {
          this.onmessage?.(JSON.parse(line));
        } catch (error) {
          this.onerror?.(error as Error);
        }
      }
    } catch (error) {
      this.onerror?.(error as Error);
    }
  }

  async #collect(stderr: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of stderr) {
        this.#stderr = (this.#stderr + decoder.decode(chunk, { stream: true })).slice(-STDERR_KEPT);
      }
    } catch { /* the pipe broke with the process */ }
  }
}
