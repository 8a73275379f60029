/** Where the supervisor of a home can be reached: `supervisor.json`, for the owner's eyes only. */
import { join } from "node:path";
import { readJson, writeAtomic } from "@/shared/atomic_file.ts";
import { CONTROL_HEADER } from "@/shared/replica_protocol.ts";
import type { Home } from "@/shared/home.ts";
import { localRequest, parseBody } from "./local_http.ts";

export interface ControlFile {
  port: number;
  token: string;
  pid: number;
  /** SUPERVISION of the program that runs there; one that wrote none is from before there was this number. */
  supervision?: number;
}

/**
 * What a supervisor, its replicas and those who ask them must agree on: how they talk, what the records mean, and
 * which files of models they read. Raised when one of an earlier program would not understand a newer one's wishes.
 */
export const SUPERVISION = 2;

const pathOf = (home: Home) => join(home.path, "supervisor.json");

export async function writeControlFile(home: Home, file: ControlFile): Promise<void> {
  await writeAtomic(pathOf(home), JSON.stringify({ supervision: SUPERVISION, ...file }), { mode: 0o600 });
}

/** Only our own: a successor may have written his already. */
export async function removeControlFile(home: Home, pid: number): Promise<void> {
  try {
    if ((await readJson<ControlFile>(pathOf(home))).pid === pid) await Deno.remove(pathOf(home));
  } catch { /* not there */ }
}

export interface RunningSupervisor {
  pid: number;
  port: number;
  supervision: number;
}

const PING_TIMEOUT_MS = 3000;

/**
 * Says something to the supervisor.
 * @param word `ping`; `wake`: look at the database now; `leave`: exit as soon as no replica is left
 * @returns null when none is running
 */
export async function tellSupervisor(
  home: Home,
  word: "ping" | "wake" | "leave",
): Promise<RunningSupervisor | null> {
  let file: ControlFile;
  try {
    file = await readJson<ControlFile>(pathOf(home));
  } catch {
    return null;
  }
  try {
    const answer = await localRequest({
      host: "127.0.0.1",
      port: file.port,
      method: "POST",
      path: `/${word}`,
      headers: { [CONTROL_HEADER]: file.token },
      timeout_ms: PING_TIMEOUT_MS,
    });
    return answer.status === 200 && parseBody<{ pid: number }>(answer).pid === file.pid
      ? { pid: file.pid, port: file.port, supervision: file.supervision ?? 1 }
      : null;
  } catch {
    return null;
  }
}
