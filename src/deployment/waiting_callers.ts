/** Who asks an endpoint of which no replica runs: waits, and gets to the first one that does, or hears why none. */
import { AppError, toWireError, type WireError } from "@/shared/errors.ts";
import type { Log } from "@/shared/log.ts";
import { HeldPort } from "./held_port.ts";
import { isFree } from "./ports.ts";
import type { EndpointRow } from "./records.ts";
import { kernelBalances } from "./scale_changes.ts";
import type { Slot } from "./slot.ts";

/** Callers wait for a replica that is tried again sooner; else they are told to come again. */
const LONG_WAIT_MS = 1000;

export interface CallerParts {
  log: Log;
  /** Somebody waits. */
  wake(): void;
}

export class WaitingCallers {
  #port: HeldPort | null = null;
  /** Ports whose callers were handed to a replica and still speak to it through us. */
  readonly #past = new Set<HeldPort>();

  constructor(readonly parts: CallerParts) {}

  /** The port is ours, though no replica may listen there. */
  get held(): boolean {
    return this.#port !== null;
  }

  get waiting(): number {
    return this.#port?.waiting ?? 0;
  }

  /**
   * Takes the port, on Linux; elsewhere callers are refused meanwhile.
   * @param shared replicas of the endpoint still listen there
   */
  hold({ name, host, port, tls }: EndpointRow, shared: boolean): void {
    if (this.#port || !kernelBalances()) return;
    if (!shared && !isFree(host, port)) return;
    try {
      this.#port = new HeldPort({ host, port, tls, onCaller: () => this.parts.wake() });
    } catch (error) {
      const said = (error as Error).message;
      this.parts.log.warn("a port could not be held", { endpoint: name, error: said });
    }
  }

  /** A replica serves: everyone gets to it. */
  async handOver(ready: readonly Slot[]): Promise<void> {
    const port = this.#port;
    this.#port = null;
    if (port) {
      await port.handOver();
      this.#past.add(port);
    }
    for (const past of this.#past) {
      if (past.handedOn === 0) this.#past.delete(past);
      // They come again on connections of their own.
      else await Promise.all(ready.map((slot) => slot.door?.shed(1).catch(() => {})));
    }
  }

  /** No replica serves. @param unreadable why none can be started at all */
  wait(slots: readonly Slot[], unreadable: WireError | null): void {
    const now = performance.now();
    const far = slots.find(({ state, error, startAt_ms }) =>
      state === "down" && error && startAt_ms - now > LONG_WAIT_MS
    );
    if (unreadable) this.#port?.refuse(unreadable, LONG_WAIT_MS / 1000);
    else if (far) this.#port?.refuse(far.error!, (far.startAt_ms - now) / 1000);
    else this.#port?.allow();
  }

  /** The endpoint is not wanted any more. */
  async letGo(): Promise<void> {
    const port = this.#port;
    this.#port = null;
    await port?.release();
  }
}

export function cannotHold({ host, port }: EndpointRow): WireError {
  return toWireError(
    new AppError("unavailable", `Cannot hold ${host}:${port} for callers: another program listens there`, {
      hint: "Stop that program, or delete the endpoint and create it with another port.",
    }),
  );
}
