import { z } from "zod";
import { JOB_STATUSES } from "@/jobs/job.ts";
import { defineTool } from "../tool.ts";
import {
  cursorField,
  jobAnswer,
  jobOutput,
  limitField,
  nextCursorField,
  offsetOf,
  pageOf,
} from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  status: z.enum(JOB_STATUSES).optional().describe("Only jobs that stand so"),
  run_id: z.string().max(100).optional().describe("Only jobs that this run of the agent asked for"),
  cursor: cursorField,
  limit: limitField,
});

const output = z.object({ jobs: z.array(jobOutput).describe("Newest first"), next_cursor: nextCursorField });

export const listTrainingJobs = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "list_training_jobs",
  title: "List training jobs",
  description:
    "All training jobs, newest first: waiting, running and ended, with their progress, model or error.",
  effect: "read",
  scope: "models:read",
  input,
  output,
  run({ status, run_id, cursor, limit }, { queue }) {
    const offset = offsetOf(cursor);
    const found = queue.list({
      offset,
      limit: limit + 1,
      ...(status ? { status } : {}),
      ...(run_id ? { run_id } : {}),
    });
    const { page, next_cursor } = pageOf(found, offset, limit);
    return { jobs: page.map(jobAnswer), next_cursor };
  },
});
