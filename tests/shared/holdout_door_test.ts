import assert from "node:assert/strict";
import { join } from "node:path";
import { RIGHTS, workerPermissions } from "@/shared/confine.ts";
import { loadConfig } from "@/shared/config.ts";
import { AppError } from "@/shared/errors.ts";
import { answerHoldouts, type HoldoutDoor, holdoutsThrough, openHoldouts } from "@/shared/holdout_door.ts";
import { createHome, type Home } from "@/shared/home.ts";

async function withHome(work: (home: Home) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await work(createHome(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a Worker with the training-server's rights finds no way to the sealed rows", () =>
  withHome(async (home) => {
    const sha256 = await openHoldouts(home.holdouts).seal(new TextEncoder().encode("secret rows"));
    Deno.writeTextFileSync(join(home.datasets, "table.csv"), "a,b\n");
    const { config } = loadConfig({ home: home.path }, {}, null);
    const worker = new Worker(import.meta.resolve("./training_rights_worker.ts"), {
      type: "module",
      deno: {
        permissions: workerPermissions(RIGHTS["training-server"]({ home: home.path, config, args: [] })),
      },
    });
    try {
      const found = await new Promise<string[]>((done, failed) => {
        worker.onmessage = ({ data }) => done(data);
        worker.onerror = (event) => {
          event.preventDefault();
          failed(new Error(event.message));
        };
        const sealed = join(home.holdouts, `${sha256}.safetensors`);
        worker.postMessage({ home: home.path, sealed });
      });
      const open = found.filter((line) => !line.endsWith(": NotCapable"));
      assert.deepEqual(open, ["allowed: read elsewhere in the home: open"]);
      assert.equal(found.length, 11);
    } finally {
      worker.terminate();
    }
  }));

Deno.test("the validating Worker refuses sealed rows that were altered, are gone, or are named by a path", () =>
  withHome(async (home) => {
    const door = openHoldouts(home.holdouts);
    const sha256 = await door.seal(new TextEncoder().encode("secret rows"));
    const path = join(home.holdouts, `${sha256}.safetensors`);
    const refusal = async (name: string) => {
      const error = await door.validate(name, new Uint8Array(8)).then(() => null, (error) => error);
      assert.ok(error instanceof AppError, String(error));
      return `${error.code} ${error.message}`;
    };
    Deno.writeTextFileSync(path, "secret rowz");
    assert.match(await refusal(sha256), /^data_loss .*its content is not what was sealed/);
    Deno.removeSync(path);
    assert.match(await refusal(sha256), /^data_loss .*No such file/);
    assert.match(await refusal(`../keys/${sha256}`), /^invalid_argument .*it is no SHA-256/);
  }));

/** Both sides of the door, joined as two Workers are. */
function joined(behind: HoldoutDoor): HoldoutDoor {
  const answer = answerHoldouts(behind, (message) => receive(structuredClone(message)));
  const { holdouts, receive } = holdoutsThrough((message) => void answer(structuredClone(message)));
  return holdouts;
}

Deno.test("answers and errors of the holdout door reach the one who asked, in whatever order they come", async () => {
  const first = Promise.withResolvers<string>();
  const door = joined({
    seal: (rows) => rows.length === 1 ? first.promise : Promise.resolve("second"),
    validate: () => Promise.reject(new AppError("data_loss", "Cannot", { hint: "again" })),
  });
  const slow = door.seal(new Uint8Array(1));
  assert.equal(await door.seal(new Uint8Array(2)), "second");
  first.resolve("first");
  assert.equal(await slow, "first");
  await assert.rejects(door.validate("", new Uint8Array()), { code: "data_loss", hint: "again" });
});

Deno.test("a validation that is cancelled ends on the other side of the door, too", async () => {
  const reached = Promise.withResolvers<void>();
  const door = joined({
    seal: () => Promise.resolve(""),
    validate: (_sha256, _artifact, signal) =>
      new Promise((_, failed) => {
        signal!.addEventListener("abort", () => failed(new AppError("cancelled", "Cannot finish")));
        reached.resolve();
      }),
  });
  const abort = new AbortController();
  const answer = door.validate("", new Uint8Array(), abort.signal);
  await reached.promise;
  abort.abort();
  await assert.rejects(answer, { code: "cancelled" });
});
