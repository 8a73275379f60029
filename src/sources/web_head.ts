/** What can be told of a file on the web without fetching it: its name and size, and its first bytes. */
import { type FileHead, readHead } from "@/kaggle/file_head.ts";
import { withDeadline, withRetry } from "@/kaggle/retry.ts";
import { fileName } from "./file_name.ts";
import type { WebAddress } from "./web_address.ts";
import { openWebFile, type WebOptions } from "./web_file.ts";

export interface WebHead extends FileHead {
  name: string;
  size_bytes: number | null;
  /** When it last changed, ISO 8601; null when the server does not tell. */
  updated_at: string | null;
}

/**
 * Asks for just the first bytes; of a server that sends more, the rest is not read.
 * @throws AppError as web_file.ts says; invalid_argument when it is no table
 */
export async function readWebHead(
  options: WebOptions,
  { url }: WebAddress,
  limit: number,
  signal: AbortSignal,
): Promise<WebHead> {
  const file = openWebFile(url, options, (answer) => fileName(url, answer));
  return await withRetry(options.retry, signal, async () => {
    const { status, headers, body } = await file.open({ from: 0, to: limit - 1 }, signal);
    const total = sizeIn(headers, status);
    const changed = Date.parse(headers.get("last-modified") ?? "");
    let head: FileHead;
    try {
      // An empty file has no first byte to send.
      head = status === 416
        ? { bytes: new Uint8Array(), isAll: true }
        : await withDeadline(options.idleMs, signal, `read ${url.host}`, (own) => readHead(body, limit, own));
    } finally {
      await body.cancel().catch(() => {});
    }
    return {
      bytes: head.bytes,
      isAll: total === null ? head.isAll : head.bytes.length >= total,
      name: fileName(url, file.last()),
      size_bytes: total,
      updated_at: Number.isNaN(changed) ? null : new Date(changed).toISOString(),
    };
  });
}

function sizeIn(headers: Headers, status: number): number | null {
  const text = status === 200
    ? (headers.has("content-encoding") ? null : headers.get("content-length"))
    : /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  return text === null || text === undefined ? null : Number(text);
}
