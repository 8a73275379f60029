import assert from "node:assert/strict";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "@/shared/safetensors.ts";
import { AppError } from "@/shared/errors.ts";

const TENSORS: Record<string, Tensor> = {
  u8: Uint8Array.of(1, 2, 255),
  f64: Float64Array.of(0.1, NaN, -0, Infinity, 5e-324),
  f32: Float32Array.of(1.5, -2),
  i32: Int32Array.of(-2147483648, 7),
  u32: Uint32Array.of(4294967295),
  u16: Uint16Array.of(65535, 1, 2),
  "10": Float64Array.of(1),
  empty: new Float64Array(0),
};

/** A file with this header text and so many bytes of data. */
function file(header: string, size = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function headerOf(bytes: Uint8Array): string {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return new TextDecoder().decode(bytes.subarray(8, 8 + length));
}

Deno.test("decodeSafetensors gives back every array and string bit by bit", () => {
  const metadata = { b: 'ü\n"', a: "", __proto: "x" };
  const decoded = decodeSafetensors(encodeSafetensors(TENSORS, metadata));
  assert.deepEqual({ ...decoded.metadata }, metadata);
  assert.deepEqual(Object.keys(decoded.tensors).sort(), Object.keys(TENSORS).sort());
  for (const [name, tensor] of Object.entries(TENSORS)) {
    assert.deepEqual(decoded.tensors[name].data, tensor);
    assert.deepEqual(decoded.tensors[name].shape, [tensor.length]);
  }
});

Deno.test("decodeSafetensors reads from an unaligned part of a larger buffer", () => {
  const bytes = encodeSafetensors(TENSORS, {});
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assert.deepEqual(decodeSafetensors(shifted.subarray(3)).tensors.f64.data, TENSORS.f64);
});

Deno.test("encodeSafetensors gives the same bytes whatever the order of the input", () => {
  const reversed = Object.fromEntries(Object.entries(TENSORS).reverse());
  assert.deepEqual(
    encodeSafetensors(reversed, { b: "2", a: "1" }),
    encodeSafetensors(TENSORS, { a: "1", b: "2" }),
  );
});

Deno.test("encodeSafetensors pads the header and aligns each array for its type", () => {
  const bytes = encodeSafetensors(TENSORS, { a: "1" });
  const header = headerOf(bytes);
  assert.equal(header.length % 8, 0);
  for (const [name, entry] of Object.entries(JSON.parse(header))) {
    if (name === "__metadata__") continue;
    const [begin] = (entry as { data_offsets: [number, number] }).data_offsets;
    assert.equal(begin % TENSORS[name].BYTES_PER_ELEMENT, 0, name);
  }
});

Deno.test("encodeSafetensors writes an empty file that can be read", () => {
  assert.deepEqual(decodeSafetensors(encodeSafetensors({}, {})), { tensors: {}, metadata: {} });
});

Deno.test("encodeSafetensors reads arrays on shared memory and views", () => {
  const shared = new Float64Array(new SharedArrayBuffer(16));
  shared.set([1, 2]);
  const view = Float64Array.of(9, 3, 4, 9).subarray(1, 3);
  const { tensors } = decodeSafetensors(encodeSafetensors({ shared, view }, {}));
  assert.deepEqual(tensors.shared.data, Float64Array.of(1, 2));
  assert.deepEqual(tensors.view.data, Float64Array.of(3, 4));
});

Deno.test("decodeSafetensors reads shapes of any rank that fit the bytes", () => {
  const { tensors } = decodeSafetensors(
    file(
      '{"m":{"dtype":"U8","shape":[2,3],"data_offsets":[0,6]},"s":{"dtype":"U8","shape":[],"data_offsets":[6,7]}}',
      7,
    ),
  );
  assert.deepEqual(tensors.m.shape, [2, 3]);
  assert.deepEqual(tensors.s.shape, []);
});

const entry = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

const MALFORMED: [string, Uint8Array, RegExp][] = [
  ["nothing", new Uint8Array(0), /0 bytes/],
  ["a cut-off length", new Uint8Array(7), /7 bytes/],
  ["a header longer than the file", file("{}").fill(9, 0, 1), /header claims 9 bytes/],
  ["a huge header length", file("{}").fill(255, 0, 8), /header claims 18446744073709551615/],
  ["a header length of zero", new Uint8Array(16), /header claims 0/],
  ["a header that is no object", file("[1]"), /does not start with \{/],
  ["a header that is no JSON", file('{"a":}'), /not JSON/],
  ["a header that is not UTF-8", file("{}  ").fill(0xff, 10, 11), /not JSON/],
  ["an unknown dtype", file(`{"a":${entry("F16", "[1]", "[0,2]")}}`, 2), /"a".*F16/],
  ["an inherited dtype", file(`{"a":${entry("constructor", "[1]", "[0,2]")}}`, 2), /constructor/],
  ["a size that does not fit", file(`{"a":${entry("F64", "[2]", "[0,8]")}}`, 8), /"a" has 8 bytes.*16/],
  ["a negative shape", file(`{"a":${entry("U8", "[-1]", "[0,1]")}}`, 1), /shape/],
  ["a shape that overflows", file(`{"a":${entry("U8", "[9007199254740991,4]", "[0,1]")}}`, 1), /has 1 bytes/],
  ["a fraction as shape", file(`{"a":${entry("U8", "[1.5]", "[0,1]")}}`, 1), /shape/],
  ["offsets in reverse", file(`{"a":${entry("U8", "[1]", "[1,0]")}}`, 1), /data_offsets/],
  ["three offsets", file(`{"a":${entry("U8", "[1]", "[0,1,2]")}}`, 2), /data_offsets/],
  ["an end out of range", file(`{"a":${entry("U8", "[9]", "[0,9]")}}`, 8), /ends at 9.*8 bytes/],
  [
    "overlapping arrays",
    file(`{"a":${entry("U8", "[2]", "[0,2]")},"b":${entry("U8", "[2]", "[1,3]")}}`, 3),
    /"b" overlaps/,
  ],
  ["a gap", file(`{"a":${entry("U8", "[1]", "[1,2]")}}`, 2), /"a" leaves a gap/],
  ["bytes at the end", file(`{"a":${entry("U8", "[1]", "[0,1]")}}`, 3), /2 bytes at the end/],
  [
    "an unknown field",
    file('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}'),
    /unknown field "x"/,
  ],
  ["a missing field", file('{"a":{"dtype":"U8","shape":[0]}}'), /data_offsets: undefined/],
  ["a tensor that is no object", file('{"a":null}'), /"a" is not described/],
  ["metadata that is no text", file('{"__metadata__":{"k":1}}'), /__metadata__\.k/],
  [
    "a name twice",
    file(`{"a":${entry("U8", "[0]", "[0,0]")},"\\u0061":${entry("U8", "[0]", "[0,0]")}}`),
    /"a" twice/,
  ],
];

for (const [what, bytes, message] of MALFORMED) {
  Deno.test(`decodeSafetensors refuses ${what}`, () => {
    assert.throws(() => decodeSafetensors(bytes), (error) => {
      assert.ok(error instanceof AppError && error.code === "data_loss", String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("decodeSafetensors throws data_loss, never anything else, when a byte of the header flips", () => {
  const bytes = encodeSafetensors({ a: Float64Array.of(1, 2), b: Uint8Array.of(1) }, { k: "v" });
  for (let at = 0; at < 8 + headerOf(bytes).length; at++) {
    for (const bit of [1, 4, 64]) {
      const broken = bytes.slice();
      broken[at] ^= bit;
      try {
        decodeSafetensors(broken);
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === "data_loss", `byte ${at}: ${error}`);
      }
    }
  }
});
