/** Zip files as no honest tool would write them. Layout: PKWARE APPNOTE 6.3.10, section 4.3. */
import { crc32, deflateRawSync } from "node:zlib";

export interface MadeEntry {
  name: string;
  content: Uint8Array;
  /** Raw deflate, instead of that of the content. */
  packed?: Uint8Array;
  method?: number;
  /** Unix type and mode: 0o120777 is a link. */
  mode?: number;
  crc?: number;
  flags?: number;
  /** What the table of contents claims, instead of the truth. */
  size?: number;
  /** As streaming tools do: sizes stand behind the data, not before it. */
  streamed?: boolean;
  /** Sizes in the extra field for files above 4 GiB. */
  zip64?: boolean;
  /** Points at the data of the entry before. */
  overlap?: boolean;
}

export function makeZip(entries: readonly MadeEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const table: Uint8Array[] = [];
  let at = 0;
  let before = 0;
  const add = (bytes: Uint8Array) => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const entry of entries) {
    const name = new TextEncoder().encode(entry.name);
    const method = entry.method ?? 8;
    const packed = entry.packed ??
      (method === 8 ? new Uint8Array(deflateRawSync(entry.content)) : entry.content);
    const crc = entry.crc ?? crc32(entry.content);
    const size = entry.size ?? entry.content.length;
    const flags = (entry.flags ?? 0x800) | (entry.streamed ? 8 : 0);
    const offset = entry.overlap ? before : at;
    before = at;
    const now = entry.streamed ? [0, 0, 0] : [crc, packed.length, size];
    add(
      fields(
        [4, 0x04034b50],
        [2, 20],
        [2, flags],
        [2, method],
        [4, 0],
        [4, now[0]],
        [4, now[1]],
        [4, now[2]],
        [2, name.length],
        [2, 0],
      ),
    );
    add(name);
    add(packed);
    if (entry.streamed) add(fields([4, 0x08074b50], [4, crc], [4, packed.length], [4, size]));
    const extra = entry.zip64
      ? fields([2, 1], [2, 24], [8, size], [8, packed.length], [8, offset])
      : new Uint8Array();
    const shown = entry.zip64 ? [0xffffffff, 0xffffffff, 0xffffffff] : [packed.length, size, offset];
    table.push(
      fields(
        [4, 0x02014b50],
        [2, 0x0314],
        [2, 20],
        [2, flags],
        [2, method],
        [4, 0],
        [4, crc],
        [4, shown[0]],
        [4, shown[1]],
      ),
      fields([2, name.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [
        4,
        ((entry.mode ?? 0o100644) << 16) >>> 0,
      ], [4, shown[2]]),
      name,
      extra,
    );
  }
  const start = at;
  for (const bytes of table) add(bytes);
  add(
    fields([4, 0x06054b50], [4, 0], [2, entries.length], [2, entries.length], [4, at - start], [4, start], [
      2,
      0,
    ]),
  );
  const zip = new Uint8Array(at);
  let end = 0;
  for (const bytes of parts) {
    zip.set(bytes, end);
    end += bytes.length;
  }
  return zip;
}

/** Little-endian numbers of the given widths. */
function fields(...values: [width: 2 | 4 | 8, value: number][]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of values) {
    if (width === 8) view.setBigUint64(at, BigInt(value), true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += width;
  }
  return bytes;
}
