import { z } from "zod";
import { defineTool } from "../tool.ts";
import {
  cursorField,
  limitField,
  modelAnswer,
  modelOutput,
  nextCursorField,
  offsetOf,
  pageOf,
  taskField,
} from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  name: z.string().max(64).optional().describe("Only versions of this model"),
  task: taskField.optional(),
  cursor: cursorField,
  limit: limitField,
});

const output = z.object({
  models: z.array(modelOutput).describe("Newest first"),
  next_cursor: nextCursorField,
});

export const listTrainedModels = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "list_trained_models",
  title: "List trained models",
  description:
    "All models that are kept, newest first: algorithm, metrics beside the baseline's, and the data they came from.",
  effect: "read",
  scope: "models:read",
  input,
  output,
  run({ name, task, cursor, limit }, { registry }) {
    const offset = offsetOf(cursor);
    const found = registry.list({
      offset,
      limit: limit + 1,
      ...(name ? { name } : {}),
      ...(task ? { task } : {}),
    });
    const { page, next_cursor } = pageOf(found, offset, limit);
    return { models: page.map(modelAnswer), next_cursor };
  },
});
