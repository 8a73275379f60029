import { z } from "zod";
import { defineTool } from "../tool.ts";
import { jobAnswer, jobOutput, waitField } from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  job_id: z.string().min(1).max(100).describe("From train_model or list_training_jobs"),
  wait_s: waitField,
});

export const getTrainingJob = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof jobOutput>>({
  name: "get_training_job",
  title: "How a training job stands",
  description:
    "Wait for a training job, at most wait_s, and say how it stands: progress while it runs, the model and its metrics when it " +
    "succeeded, the error when it failed. Jobs survive the server: ask again after a restart.",
  effect: "read",
  scope: "models:read",
  input,
  output: jobOutput,
  async run({ job_id, wait_s }, { runner }, context) {
    const job = await runner.wait(
      job_id,
      wait_s,
      context.signal,
      (progress) => context.progress(progress.done, progress.total, progress.message),
    );
    return jobAnswer(job);
  },
});
