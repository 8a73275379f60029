/** Whether bytes are a model, and still give its golden predictions. */
import { decodeArtifact } from "@/artifact/artifact.ts";
import { type Check, replayGolden } from "@/artifact/golden.ts";

export interface Inspection {
  checks: Check[];
}

export function inspect(input: { artifact: Uint8Array }): Inspection {
  return { checks: replayGolden(decodeArtifact(input.artifact)) };
}
