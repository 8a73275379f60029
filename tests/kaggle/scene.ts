/** What most tests of this room need: an emulated Kaggle, a folder, a client that does not wait long. */
import { KaggleClient, type KaggleOptions } from "@/kaggle/client.ts";
import { credentialFrom } from "@/kaggle/credentials.ts";
import type { KaggleRef } from "@/kaggle/ref.ts";
import type { EmulatedDataset } from "./emulator/datasets.ts";
import { type Emulator, startEmulator } from "./emulator/emulator.ts";

export interface Scene {
  kaggle: Emulator;
  folder: string;
  /** @param env credentials, as the server's environment has them */
  client(env?: Record<string, string | undefined>, changes?: Partial<KaggleOptions>): KaggleClient;
}

export const FLOWERS: KaggleRef = {
  kind: "kaggle",
  owner: "some",
  slug: "flowers",
  version: null,
  file: null,
};

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export const CSV = bytesOf("a,b\n1,x\n2,y\n");

export function flowers(changes: Partial<EmulatedDataset> = {}): EmulatedDataset {
  return {
    title: "Flowers of the field",
    subtitle: "Petals and sepals",
    description: "Measured by hand.",
    license: "CC0: Public Domain",
    version: 3,
    keywords: ["biology"],
    votes: 3,
    files: { "flowers.csv": CSV, "more/notes.txt": bytesOf("hello") },
    ...changes,
  };
}

/** Bytes that don't compress and differ everywhere. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let x = 123456789;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    bytes[i] = x >>> 16;
  }
  return bytes;
}

export async function withScene<T = void>(
  datasets: Record<string, EmulatedDataset>,
  work: (scene: Scene) => Promise<T>,
): Promise<T> {
  const kaggle = startEmulator({ datasets });
  const folder = await Deno.makeTempDir();
  const client = (env: Record<string, string | undefined> = {}, changes: Partial<KaggleOptions> = {}) =>
    new KaggleClient({
      baseUrl: kaggle.url,
      storageHosts: [kaggle.storageHost],
      credential: credentialFrom(env),
      userAgent: "mlmcp/test",
      timeoutMs: 20_000,
      idleMs: 20_000,
      retry: { tries: 3, backoffMs: 1, maxWaitMs: 50 },
      ...changes,
    });
  try {
    return await work({ kaggle, folder, client });
  } finally {
    await kaggle.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** A call that nobody cancels. */
export const CALL = { signal: new AbortController().signal };
