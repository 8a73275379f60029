/**
 * The one Worker that may read sealed rows: it is started with the right to read one file of them, reads it, and gives
 * that right up before it looks at the rows or at the model.
 */
import { AppError, toWireError } from "@/shared/errors.ts";
import { revokeAllRights } from "@/shared/revoke_rights.ts";
import { sha256Hex } from "@/shared/hash.ts";
import type { ValidationOrder, ValidationOutcome } from "@/shared/holdout_door.ts";
import { evaluate } from "./tasks/evaluate.ts";

const port = self as unknown as {
  postMessage(outcome: ValidationOutcome): void;
  onmessage: (event: MessageEvent<ValidationOrder>) => void;
};
revokeAllRights(["read"]);

port.onmessage = async ({ data }) => {
  try {
    const holdout = readSealed(data);
    revokeAllRights();
    port.postMessage({ value: await evaluate({ artifact: data.artifact, holdout }) });
  } catch (error) {
    port.postMessage({ error: toWireError(error) });
  }
};

function readSealed({ path, sha256 }: ValidationOrder): Uint8Array {
  const lost = (state: string, cause?: unknown) =>
    new AppError("data_loss", `Cannot use the holdout ${path}: ${state}`, {
      hint: "Give a dataset with rows that the model was not trained on, or train again.",
      cause,
    });
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    throw lost((error as Error).message, error);
  }
  if (sha256Hex(bytes) !== sha256) throw lost("its content is not what was sealed");
  return bytes;
}
