/** What a model says about the data that it was made from. */
import { join } from "node:path";
import type { Sandbox } from "./program.ts";

export interface Lineage {
  ref: string;
  version: string | null;
  license: string | null;
  sha256: string;
}

/** What the model that the agent made says about its data. */
export function lineageIn(sandbox: Sandbox): Lineage {
  const [{ name }] = [...Deno.readDirSync(join(sandbox.home, "models"))];
  const bytes = Deno.readFileSync(join(sandbox.home, "models", name, "model.safetensors"));
  const header = new TextDecoder().decode(
    bytes.subarray(8, 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))),
  );
  return JSON.parse(JSON.parse(header).__metadata__.mlmcp).dataset;
}
