import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { sourceOf } from "@/jobs/tasks/read_source.ts";
import { defineTool } from "../tool.ts";
import { profileInput } from "./profile_fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  ...profileInput,
  path: z.string().min(1).max(4096).describe("File to write, ending in .html; folders on the way are made"),
});

const output = z.object({
  ref: z.string().describe("The table: where it comes from"),
  path: z.string().describe("The page that was written"),
  size_bytes: z.number().int().describe("Size of the page"),
  rows: z.number().int().describe("Rows of the table"),
  columns: z.number().int().describe("Columns of the table"),
});

export const saveProfile = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "save_profile",
  title: "Write a table's profile as a page",
  description:
    "Write what profile_dataset finds as one HTML page for people: a histogram of every column in the colours of the target's " +
    "classes, quantiles, most frequent values, heat maps of what goes together. It needs no other file. An existing page of that " +
    "name is replaced.",
  effect: "update",
  scope: "datasets:write",
  input,
  output,
  async run({ dataset, sample_rows, path, ...options }, services, context) {
    const { door } = services.command;
    if (!door) {
      throw new AppError(
        "permission_denied",
        `Cannot write ${path}: this server may not write files by path`,
      );
    }
    const found = await services.findDataset(dataset, sample_rows);
    const { page, rows, columns } = await services.pool.run(
      "profile",
      { ...sourceOf(found), ...options, page_title: found.ref },
      { signal: context.signal },
    );
    const bytes = new TextEncoder().encode(page);
    await door.writePage(path, bytes);
    return { ref: found.ref, path, size_bytes: bytes.length, rows, columns };
  },
});
