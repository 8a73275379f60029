/** The bits of doubles, for code that hashes or orders them without making an object a value. */

/** Two words a value, the low one first: every machine that Deno runs on is little-endian. */
export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** 32 well-mixed bits of a double's two words (the end of MurmurHash3, by Austin Appleby). */
export function hashWords(low: number, high: number, seed: number): number {
  let hash = Math.imul(low ^ seed, 0xcc9e2d51) ^ Math.imul(high, 0x1b873593) ^ (high >>> 7);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ low, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
