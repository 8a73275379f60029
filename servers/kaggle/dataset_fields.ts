/** What is told of a data set, whether it is embedded or Kaggle's. */
import { z } from "zod";
import type { Sample } from "@/dataset/samples.ts";
import type { DatasetSummary } from "@/kaggle/client.ts";
import type { WebHead } from "@/sources/web_head.ts";

export const DATASET_FIELDS = {
  ref: z.string().describe("Its reference, for the `ref` of the other tools."),
  origin: z.enum(["sample", "kaggle", "web"]).describe(
    "sample: embedded in this program; kaggle: on kaggle.com; web: a file at an https address.",
  ),
  title: z.string().describe("Its title."),
  subtitle: z.string().optional().describe("One line about it, by its owner."),
  description: z.string().optional().describe("What it holds, by its owner, in Markdown."),
  license: z.string().optional().describe("Its licence, as its owner states it."),
  owner: z.string().optional().describe("Who published it."),
  url: z.string().optional().describe("Its page, for a person."),
  version: z.number().int().optional().describe("Number of its newest version."),
  size_bytes: z.number().optional().describe(
    "Its size in bytes: packed in search results, unpacked in metadata.",
  ),
  updated_at: z.string().optional().describe("When it last changed, ISO 8601, UTC."),
  downloads: z.number().optional().describe("How often it was downloaded."),
  votes: z.number().optional().describe("How many people voted for it."),
  usability: z.number().optional().describe("Kaggle's rating of how well it is documented, 0 to 1."),
  tags: z.array(z.string()).describe("Its keywords."),
  target: z.string().optional().describe(
    "The column that is usually predicted; known for embedded data sets.",
  ),
  task: z.enum(["classification", "regression"]).optional().describe("What predicting that column is."),
  rows: z.number().int().optional().describe("Number of rows; known for embedded data sets."),
  columns: z.number().int().optional().describe("Number of columns; known for embedded data sets."),
};

export type DatasetAnswer = z.infer<z.ZodObject<typeof DATASET_FIELDS>>;

export function describeSample(sample: Sample): DatasetAnswer {
  const { title, description, license, target, task, rows, columns } = sample;
  return {
    ref: `sample/${sample.name}`,
    origin: "sample",
    ...{ title, description, license },
    owner: sample.source,
    size_bytes: new TextEncoder().encode(sample.text).length,
    tags: [...sample.keywords],
    ...{ target, task, rows, columns },
  };
}

export function describeWeb(ref: string, { name, size_bytes, updated_at }: WebHead): DatasetAnswer {
  return {
    ref,
    origin: "web",
    title: name,
    license: "unknown",
    url: ref,
    ...(size_bytes === null ? {} : { size_bytes }),
    ...(updated_at === null ? {} : { updated_at }),
    tags: [],
  };
}

export function describeKaggle(found: DatasetSummary): DatasetAnswer {
  return {
    ref: found.ref,
    origin: "kaggle",
    title: found.title,
    subtitle: found.subtitle,
    description: found.description,
    license: found.license,
    owner: found.owner,
    url: `https://www.kaggle.com/datasets/${found.ref}`,
    version: found.version,
    size_bytes: found.sizeBytes,
    updated_at: found.updatedAt,
    downloads: found.downloads,
    votes: found.votes,
    usability: found.usability,
    tags: found.tags,
  };
}
