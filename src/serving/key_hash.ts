/**
 * SHA-256 of an API key, in plain code. node:crypto makes an object outside of the JavaScript heap for each hash,
 * which is freed only when the whole heap is collected: a replica asked with keys grew by 160 MB in a million
 * requests (measured on 2.9.6). A key is one or two blocks, and this takes as long as going there and back.
 *
 * Source: FIPS 180-4, sections 5 and 6.2.
 */
const BLOCK_BYTES = 64;
const encoder = new TextEncoder();

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes, and of square roots of eight. */
const { ROUNDS, START } = constants();
const words = new Int32Array(64);
const state = new Int32Array(8);

/** As 64 lower-case hex digits. Not for long texts: it copies them. */
export function sha256OfKey(key: string): string {
  const text = encoder.encode(key);
  const blocks = Math.ceil((text.length + 9) / BLOCK_BYTES);
  const bytes = new Uint8Array(blocks * BLOCK_BYTES);
  bytes.set(text);
  bytes[text.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(text.length / 2 ** 29));
  view.setUint32(bytes.length - 4, text.length << 3);
  state.set(START);
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) compress(bytes, at);
  for (let i = 0; i < 8; i++) view.setInt32(4 * i, state[i]);
  return bytes.subarray(0, 32).toHex();
}

function compress(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++, at += 4) {
    words[i] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
  }
  for (let i = 16; i < 64; i++) {
    const w15 = words[i - 15];
    const w2 = words[i - 2];
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    words[i] = (words[i - 16] + s0 | 0) + (words[i - 7] + s1 | 0) | 0;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 | 0) + (((e & f) ^ (~e & g)) + (ROUNDS[i] + words[i] | 0) | 0) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function constants(): { ROUNDS: Int32Array; START: Int32Array } {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  // Exact in doubles: the integer part of a root has at most 5 bits, and 32 more are wanted of 53.
  const fraction = (root: number) => Math.floor((root % 1) * 2 ** 32);
  return {
    ROUNDS: Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
    START: Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
  };
}
