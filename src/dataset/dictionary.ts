/**
 * Distinct byte strings and their codes, without a JavaScript object per value: the bytes of all entries lie
 * one after the other, and an open-addressing hash table holds their codes.
 *
 * Source: FNV-1a (Fowler, Noll, Vo) with a final mix, linear probing at most half full.
 */

/** Strings are cut from texts of at most this many bytes. */
const CHUNK_BYTES = 1 << 24;

export class ByteDictionary {
  /** Code + 1 a slot, 0 where free. */
  #slots = new Int32Array(64);
  #hashes = new Int32Array(32);
  /** Where the entries begin in `#arena`, and at the end where the last one ends. */
  #offsets = new Uint32Array(33);
  #arena = new Uint8Array(256);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The code of bytes[from, to); a new one, counted from 0, when these bytes are new. */
  codeOf(bytes: Uint8Array, from: number, to: number): number {
    let hash = 0x811c9dc5 | 0;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let held = this.#slots[slot]; held !== 0; held = this.#slots[slot]) {
      if (this.#hashes[held - 1] === hash && this.#equals(held - 1, bytes, from, to)) return held - 1;
      slot = (slot + 1) & mask;
    }
    return this.#add(bytes, from, to, hash, slot);
  }

  #equals(code: number, bytes: Uint8Array, from: number, to: number): boolean {
    const begin = this.#offsets[code];
    if (this.#offsets[code + 1] - begin !== to - from) return false;
    for (let i = from, at = begin; i < to; i++, at++) if (bytes[i] !== this.#arena[at]) return false;
    return true;
  }

  #add(bytes: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const code = this.#size;
    const begin = this.#offsets[code];
    const end = begin + to - from;
    if (end > this.#arena.length) this.#arena = grown(this.#arena, new Uint8Array(Math.max(end, end * 1.5)));
    for (let i = from, at = begin; i < to; i++, at++) this.#arena[at] = bytes[i];
    if (code === this.#hashes.length) {
      this.#hashes = grown(this.#hashes, new Int32Array(code * 2));
      this.#offsets = grown(this.#offsets, new Uint32Array(code * 2 + 1));
    }
    this.#hashes[code] = hash;
    this.#offsets[code + 1] = end;
    this.#slots[slot] = code + 1;
    this.#size++;
    if (this.#size * 2 > this.#slots.length) this.#rehash();
    return code;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let code = 0; code < this.#size; code++) {
      let slot = this.#hashes[code] & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = code + 1;
    }
    this.#slots = slots;
  }

  /** The entries from `first` on as strings, by code. The bytes must be valid UTF-8. */
  strings(first = 0): string[] {
    const strings: string[] = [];
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    for (let code = first; code < this.#size;) {
      // Decoding many entries at once and cutting the text is ten times quicker than one call an entry.
      let next = code + 1;
      while (next < this.#size && this.#offsets[next + 1] - this.#offsets[code] <= CHUNK_BYTES) next++;
      const begin = this.#offsets[code];
      const end = this.#offsets[next];
      const text = decoder.decode(this.#arena.subarray(begin, end));
      const isAscii = text.length === end - begin;
      for (; code < next; code++) {
        strings.push(
          isAscii
            ? text.slice(this.#offsets[code] - begin, this.#offsets[code + 1] - begin)
            : decoder.decode(this.#arena.subarray(this.#offsets[code], this.#offsets[code + 1])),
        );
      }
    }
    return strings;
  }
}

function grown<T extends Uint8Array | Int32Array | Uint32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
