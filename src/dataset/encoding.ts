/**
 * Text of any common encoding to UTF-8, with a note of what was done. Files of Excel and of older programs are
 * often not UTF-8.
 *
 * Source: WHATWG Encoding Standard (windows-1252 is what the web reads as "latin1").
 */

export interface Decoded {
  /** UTF-8; the same bytes when they were UTF-8 already. */
  bytes: Uint8Array;
  /** What was done, when something was. */
  note?: string;
}

/** UTF-16 by its byte order mark, or by the NUL bytes that its ASCII letters have. */
export function fromUtf16(bytes: Uint8Array): Decoded {
  const encoding = utf16Of(bytes);
  if (encoding === null) return { bytes };
  return {
    bytes: new TextEncoder().encode(new TextDecoder(encoding).decode(unshared(bytes))),
    note: `The file is ${encoding.toUpperCase()} text and was read as such.`,
  };
}

function utf16Of(bytes: Uint8Array): "utf-16le" | "utf-16be" | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const head = bytes.subarray(0, 512);
  const zeros = [0, 0];
  head.forEach((byte, i) => zeros[i % 2] += byte === 0 ? 1 : 0);
  const most = Math.max(...zeros);
  if (most <= head.length * 0.3 || Math.min(...zeros) >= head.length * 0.05) return null;
  return zeros[1] > zeros[0] ? "utf-16le" : "utf-16be";
}

/**
 * Bytes that are no UTF-8 as windows-1252, the most common of the old encodings.
 * @returns null when they hold bytes that no text of that encoding has
 */
export function fromWindows1252(bytes: Uint8Array): Decoded | null {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte < 32 ? byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12 : UNUSED.has(byte)) return null;
  }
  return {
    bytes: new TextEncoder().encode(new TextDecoder("windows-1252").decode(unshared(bytes))),
    note:
      "The file is not UTF-8 and was read as windows-1252 (Latin-1). If accents look wrong, save it as UTF-8.",
  };
}

/** Bytes without a meaning in windows-1252, and DEL. */
const UNUSED = new Set([0x7f, 0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/** TextDecoder refuses views of shared memory. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? bytes as Uint8Array<ArrayBuffer>
    : bytes.slice() as Uint8Array<ArrayBuffer>;
}
