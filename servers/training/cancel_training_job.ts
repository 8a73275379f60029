import { z } from "zod";
import { defineTool } from "../tool.ts";
import { jobAnswer, jobOutput } from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  job_id: z.string().min(1).max(100).describe("From train_model or list_training_jobs"),
});

/** A job that runs in another process is ended there within this time. */
const WAIT_S = 5;

export const cancelTrainingJob = defineTool<
  TrainingServices,
  z.infer<typeof input>,
  z.infer<typeof jobOutput>
>({
  name: "cancel_training_job",
  title: "Cancel a training job",
  description:
    "End a training job that waits or runs; its Workers are ended at once. A job that has already ended stays as it is.",
  effect: "delete",
  scope: "models:train",
  input,
  output: jobOutput,
  async run({ job_id }, { runner }, context) {
    runner.cancel(job_id);
    return jobAnswer(await runner.wait(job_id, WAIT_S, context.signal, () => {}));
  },
});
