import assert from "node:assert/strict";
import { AppError } from "@/shared/errors.ts";
import { plainTraffic } from "@/shared/replica_protocol.ts";
import { loadServedModel, ModelHolder } from "@/serving/served_model.ts";
import { flowers } from "./make_artifact.ts";

const damaged = (error: unknown) => error instanceof AppError && error.code === "data_loss";

Deno.test("a model with any one byte flipped is refused or predicts as it did", () => {
  const bytes = flowers();
  const good = loadServedModel(bytes, "flowers@1", 1).artifact.golden;
  let refused = 0;
  for (let at = 0; at < bytes.length; at += 37) {
    const broken = bytes.slice();
    broken[at] ^= 0x10;
    try {
      // Bytes that no golden row depends on (a metric's digit) may pass here; the registry's hash refuses those.
      assert.deepEqual(
        loadServedModel(broken, "flowers@1", 1).artifact.golden.predictions.length,
        good.predictions.length,
      );
    } catch (error) {
      assert.ok(damaged(error), `byte ${at}: ${error}`);
      refused++;
    }
  }
  assert.ok(refused > 10, `${refused} refused`);
});

Deno.test("a model whose golden rows come out otherwise is refused, naming the row", () => {
  const bytes = flowers();
  const text = new TextDecoder("latin1").decode(bytes);
  const at = text.indexOf('\\"predictions\\":[\\"setosa\\"');
  assert.ok(at > 0);
  const broken = bytes.slice();
  // Another class of the same length.
  broken.set(new TextEncoder().encode('\\"predictions\\":[\\"sEtosa\\"'), at);
  assert.throws(
    () => loadServedModel(broken, "flowers@1", 1),
    (error) => damaged(error) && /golden row 1/.test((error as AppError).message),
  );
});

Deno.test("a holder changes its model only to what was prepared, and a refused one leaves it", () => {
  const holder = new ModelHolder(loadServedModel(flowers(), "flowers@1", 1));
  assert.throws(
    () => holder.direct(plainTraffic(2)),
    (error) => error instanceof AppError && error.code === "failed_precondition",
  );
  assert.throws(() => holder.prepare(new Uint8Array(9), "flowers@2", 2), damaged);
  assert.throws(() => holder.direct(plainTraffic(2)));
  assert.equal(holder.current.version, 1);
  holder.prepare(flowers({ algorithm: "gaussian_nb" }), "flowers@2", 2);
  assert.equal(holder.current.model_id, "flowers@1");
  holder.direct(plainTraffic(2));
  holder.direct(plainTraffic(2));
  assert.deepEqual([holder.current.model_id, holder.current.model_version, holder.current.version], [
    "flowers@2",
    "2",
    2,
  ]);
  holder.prepare(flowers(), "flowers@3", 3);
  holder.discard();
  assert.throws(() => holder.direct(plainTraffic(3)));
});
