import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import committed from "@/kernels/kernels.wasm" with { type: "bytes" };
import { buildKernels } from "../../tasks/kernels.ts";

Deno.test("kernels.wasm is what its sources give", async () => {
  assert.ok(
    Buffer.from(committed).equals(await buildKernels()),
    "run `deno task kernels` and commit kernels.wasm",
  );
});
