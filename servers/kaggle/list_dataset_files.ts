import { z } from "zod";
import { findSample } from "@/dataset/samples.ts";
import { readCursor, writeCursor } from "@/kaggle/cursor.ts";
import { parseRef } from "@/kaggle/ref.ts";
import { defineTool } from "../tool.ts";
import { CURSOR, limitField, NEXT_CURSOR, REF } from "./fields.ts";
import type { KaggleServices } from "./services.ts";

const INPUT = z.strictObject({ ref: REF, cursor: CURSOR, limit: limitField(50, 200) });
const OUTPUT = z.object({
  ref: z.string().describe("The data set, as asked for."),
  files: z.array(z.object({
    name: z.string().describe(
      "Path inside the data set, for `files` of download_dataset and `file` of preview_dataset_file.",
    ),
    size_bytes: z.number().optional().describe("Size in bytes, unpacked."),
    created_at: z.string().optional().describe("When it was uploaded, ISO 8601, UTC."),
  })).describe("The files of this page."),
  next_cursor: NEXT_CURSOR,
});

export const listDatasetFiles = defineTool<KaggleServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "list_dataset_files",
  title: "List a data set's files",
  description:
    "Lists the files of a data set with their sizes, page by page, without downloading anything. Use it when a data set has " +
    "several files, to choose which to preview or to download. Next: preview_dataset_file with a name from the list.",
  effect: "read",
  open_world: true,
  scope: "datasets:read",
  input: INPUT,
  output: OUTPUT,
  async run({ ref: text, cursor, limit }, { client }, { signal }) {
    const ref = parseRef(text);
    if (ref.kind === "sample") {
      const sample = findSample(ref.name);
      const size_bytes = new TextEncoder().encode(sample.text).length;
      return {
        ref: `sample/${sample.name}`,
        files: [{ name: `${sample.name}.csv`, size_bytes }],
        next_cursor: null,
      };
    }
    const pageToken = cursor === undefined ? "" : readCursor<string>(ref, cursor);
    const page = await client.listDatasetFiles(ref, { pageToken, pageSize: limit }, { signal });
    return {
      ref: text,
      files: page.files.map((file) => ({
        name: file.name,
        size_bytes: file.sizeBytes,
        created_at: file.createdAt,
      })),
      next_cursor: page.nextPageToken === null ? null : writeCursor(ref, page.nextPageToken),
    };
  },
});
