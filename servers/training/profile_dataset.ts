import { z } from "zod";
import { readableFindings } from "@/dataset/checks/readable_findings.ts";
import { readableProfile } from "@/dataset/profile/readable_profile.ts";
import type { TableProfile } from "@/dataset/profile/profile.ts";
import { sourceOf } from "@/jobs/tasks/read_source.ts";
import { defineTool } from "../tool.ts";
import { profileAnswer, profileInput, profileOutput } from "./profile_fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject(profileInput);
const output = z.object(profileOutput);
/** The text is for a model's or a person's eyes; all that was asked for is in the structured answer. */
const MOST_LINES = 200;

export const profileDataset = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "profile_dataset",
  title: "Look at a table",
  description:
    "What is in a table before learning from it: for each column its type, missing values, range, quantiles, histogram and most " +
    "frequent values; repeated rows; which columns go together; for a target its task, its classes and what each column tells of " +
    "it; what train_model would object to. Use it to choose target, features and exclude for train_model. save_profile writes the same as a page for people.",
  effect: "read",
  scope: "datasets:read",
  input,
  output,
  async run({ dataset, sample_rows, ...options }, services, context) {
    const found = await services.findDataset(dataset, sample_rows);
    const profile = await services.pool.run("profile", { ...sourceOf(found), ...options }, {
      signal: context.signal,
    });
    return profileAnswer(found, profile, options.limit);
  },
  text: (profile) =>
    [
      readableProfile(profile as TableProfile, MOST_LINES),
      ...readableFindings(profile.findings),
      ...(profile.notes ?? []),
    ].join("\n"),
});
