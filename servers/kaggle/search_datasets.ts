import { z } from "zod";
import { SORT_BY, type SortBy } from "@/kaggle/search.ts";
import { defineTool } from "../tool.ts";
import { DATASET_FIELDS, describeKaggle, describeSample } from "./dataset_fields.ts";
import { CURSOR, limitField, NEXT_CURSOR, NOTES } from "./fields.ts";
import type { KaggleServices } from "./services.ts";

const SIZE = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const INPUT = z.strictObject({
  query: z.string().trim().min(1).max(300).describe(
    'Words the data is about, such as "customer churn". Few words find more; "sample" lists all embedded data sets.',
  ),
  sort_by: z.enum(Object.keys(SORT_BY) as [SortBy, ...SortBy[]]).default("hottest").describe(
    "Order of Kaggle's results (default hottest). Embedded ones come first, best match first, whatever the order.",
  ),
  file_type: z.enum(["csv", "json", "sqlite", "parquet"]).optional().describe(
    "Only data sets with files of this kind. Training reads csv.",
  ),
  license: z.enum(["cc", "gpl", "odb", "other"]).optional().describe(
    "Only this group of licences: Creative Commons, GPL, Open Database, or others.",
  ),
  min_size_bytes: SIZE.optional().describe("Only data sets of at least so many bytes."),
  max_size_bytes: SIZE.optional().describe("Only data sets of at most so many bytes; 100000000 is 100 MB."),
  owner: z.string().min(1).max(100).optional().describe(
    "Only data sets of this Kaggle user or organization (its slug).",
  ),
  cursor: CURSOR,
  limit: limitField(10, 50),
});

const OUTPUT = z.object({
  datasets: z.array(z.object(DATASET_FIELDS)).describe("Embedded data sets that match first, then Kaggle's."),
  next_cursor: NEXT_CURSOR,
  notes: NOTES,
});

export const searchDatasets = defineTool<KaggleServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "search_datasets",
  title: "Search data sets",
  description:
    "Finds data sets by words, among the embedded samples and on Kaggle. Use it when the user has no data of their own. " +
    "Prefer results that fit the question, have a licence that allows the use, and are not larger than needed. " +
    "Without a network or when Kaggle refuses, the embedded ones still come and `notes` says why Kaggle's are missing. " +
    "Next: get_dataset_metadata or preview_dataset_file on a `ref`, or download_dataset right away.",
  effect: "read",
  open_world: true,
  scope: "datasets:read",
  input: INPUT,
  output: OUTPUT,
  async run({ cursor, limit, ...query }, services, { signal }) {
    const page = await services.search.search(query, cursor, limit, signal);
    return {
      datasets: page.hits.map((hit) =>
        hit.kind === "sample" ? describeSample(hit.sample) : describeKaggle(hit.dataset)
      ),
      next_cursor: page.cursor,
      notes: page.notes,
    };
  },
});
