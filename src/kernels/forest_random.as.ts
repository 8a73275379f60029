/** The random numbers of one tree, as src/shared/random.ts has them. */
let a: u32 = 0;
let b: u32 = 0;
let c: u32 = 0;
let d: u32 = 0;

/** Goes on from a state of four words. */
export function seed(state: usize): void {
  a = load<u32>(state);
  b = load<u32>(state, 4);
  c = load<u32>(state, 8);
  d = load<u32>(state, 12);
}

@inline
export function uint32(): u32 {
  const result = rotl<u32>(b * 5, 7) * 9;
  const t = b << 9;
  c ^= a;
  d ^= b;
  b ^= c;
  a ^= d;
  c ^= t;
  d = rotl<u32>(d, 11);
  return result;
}

export function float(): f64 {
  const upper = <f64> (uint32() >>> 5) * (1.0 / 134217728.0);
  return upper + <f64> (uint32() >>> 6) * (1.0 / 9007199254740992.0);
}

@inline
export function below(n: u32): u32 {
  for (;;) {
    const value = uint32();
    const rest = value % n;
    if (value - rest <= 0 - n) return rest; // below the largest multiple of n up to 2^32
  }
  return 0;
}
