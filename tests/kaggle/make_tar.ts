/** Tar files, honest and not. Format: POSIX ustar and pax. */

export interface TarEntry {
  name: string;
  content?: Uint8Array;
  /** "0" a file, "1" a hard link, "2" a link, "5" a folder, "L" a long name of GNU's, "x" pax. */
  type?: string;
  /** What the header claims, instead of the truth. */
  size?: number;
  damaged?: boolean;
}

const BLOCK = 512;

export function makeTar(entries: readonly TarEntry[]): Uint8Array {
  const blocks = entries.flatMap(({ name, content = new Uint8Array(), type = "0", size, damaged }) => {
    const header = new Uint8Array(BLOCK);
    const text = (at: number, value: string) => header.set(new TextEncoder().encode(value), at);
    const octal = (at: number, length: number, value: number) =>
      text(at, value.toString(8).padStart(length, "0"));
    text(0, name);
    octal(100, 7, 0o644);
    octal(124, 11, size ?? content.length);
    text(148, " ".repeat(8));
    text(156, type);
    if (type === "1" || type === "2") text(157, "/etc/passwd");
    text(257, "ustar\u000000");
    octal(148, 6, header.reduce((sum, byte) => sum + byte, 0) + (damaged ? 1 : 0));
    return [header, content, new Uint8Array((BLOCK - content.length % BLOCK) % BLOCK)];
  });
  return joined([...blocks, new Uint8Array(2 * BLOCK)]);
}

/** One record of a pax header. */
export function paxRecord(key: string, value: string): Uint8Array {
  const rest = new TextEncoder().encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  if (length !== rest + String(length).length) length = rest + String(length).length;
  return new TextEncoder().encode(`${length} ${key}=${value}\n`);
}

export async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
