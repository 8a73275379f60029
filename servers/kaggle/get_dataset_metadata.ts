import { z } from "zod";
import { findSample } from "@/dataset/samples.ts";
import { parseRef } from "@/kaggle/ref.ts";
import { AppError } from "@/shared/errors.ts";
import { parseWebAddress } from "@/sources/web_address.ts";
import { readWebHead } from "@/sources/web_head.ts";
import { defineTool } from "../tool.ts";
import { DATASET_FIELDS, describeKaggle, describeSample, describeWeb } from "./dataset_fields.ts";
import { NOTES, REF_OR_ADDRESS } from "./fields.ts";
import type { KaggleServices } from "./services.ts";

/** Longer descriptions crowd out the rest of a model's context. */
const MAX_DESCRIPTION = 6000;

const INPUT = z.strictObject({ ref: REF_OR_ADDRESS });
const OUTPUT = z.object({
  ...DATASET_FIELDS,
  licenses: z.array(z.string()).optional().describe("Short names of its licences, such as CC0-1.0."),
  update_frequency: z.string().optional().describe("How often its owner means to update it."),
  sources: z.string().optional().describe("Where its owner says the data comes from."),
  notes: NOTES,
});

export const getDatasetMetadata = defineTool<KaggleServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "get_dataset_metadata",
  title: "Describe a data set",
  description:
    "Tells what a data set is: title, description, licence, size, version, keywords, popularity; for embedded ones also the " +
    "usual target column, the task and the number of rows. Use it to judge whether a data set fits and may be used, before " +
    "downloading. It does not tell column names: preview_dataset_file shows them.",
  effect: "read",
  open_world: true,
  scope: "datasets:read",
  input: INPUT,
  output: OUTPUT,
  async run(input, { client, web }, { signal }) {
    const address = parseWebAddress(input.ref);
    if (address) {
      return { ...describeWeb(address.ref, await readWebHead(web, address, 1, signal)), notes: [] };
    }
    const ref = parseRef(input.ref);
    if (ref.kind === "sample") return { ...describeSample(findSample(ref.name)), notes: [] };
    const notes: string[] = [];
    const [summary, more] = await Promise.all([
      client.getDataset(ref, { signal }),
      // The summary alone is an answer; what this adds may be missing.
      client.getDatasetMetadata(ref, { signal, tries: 1 }).catch((error) => {
        if (error instanceof AppError) return null;
        throw error;
      }),
    ]);
    if (more === null) notes.push("Kaggle did not tell the keywords and short licence names.");
    const description = summary.description ?? more?.description;
    if (description && description.length > MAX_DESCRIPTION) {
      notes.push(`The description is cut after ${MAX_DESCRIPTION} of ${description.length} characters.`);
    }
    return {
      ...describeKaggle(summary),
      description: description?.slice(0, MAX_DESCRIPTION),
      tags: [...new Set([...summary.tags, ...more?.keywords ?? []])],
      licenses: more?.licenses,
      update_frequency: more?.updateFrequency,
      sources: more?.sources,
      notes,
    };
  },
});
