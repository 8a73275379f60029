import { z } from "zod";
import { findSample } from "@/dataset/samples.ts";
import { findStoredDataset, readRemoteHead, readStoredHead } from "@/kaggle/file_head.ts";
import { chooseFile, HEAD_BYTES, headFor, previewTable } from "@/kaggle/preview.ts";
import { checkFileName, datasetName, type KaggleRef, parseRef } from "@/kaggle/ref.ts";
import { AppError } from "@/shared/errors.ts";
import { parseWebAddress } from "@/sources/web_address.ts";
import { readWebHead } from "@/sources/web_head.ts";
import { defineTool } from "../tool.ts";
import { REF_OR_ADDRESS } from "./fields.ts";
import type { KaggleServices } from "./services.ts";

const INPUT = z.strictObject({
  ref: REF_OR_ADDRESS,
  file: z.string().min(1).max(400).optional().describe(
    "Path of the file inside the data set, as list_dataset_files shows it. Default: its first table.",
  ),
  rows: z.number().int().min(1).max(100).default(10).describe(
    "How many rows to show, 1 to 100 (default 10).",
  ),
});
const CELL = z.union([z.number(), z.string(), z.null()]);
const OUTPUT = z.object({
  ref: z.string().describe("The data set, as asked for."),
  file: z.string().describe("The file that is shown."),
  read_from: z.enum(["sample", "store", "kaggle", "web"]).describe(
    "Where the bytes came from: embedded, downloaded before, or the beginning of the file at Kaggle or on the web.",
  ),
  columns: z.array(z.object({
    name: z.string().describe("Name in the file's first line."),
    type: z.enum(["number", "category", "boolean", "date", "text", "identifier"]).describe(
      "Its type, judged by the first rows only; training looks at all of them.",
    ),
  })).describe("The columns, in the order of the file."),
  rows: z.array(z.array(CELL)).describe(
    "The first rows, each a list of values in the order of `columns`; null is missing.",
  ),
});

export const previewDatasetFile = defineTool<KaggleServices, z.infer<typeof INPUT>, z.infer<typeof OUTPUT>>({
  name: "preview_dataset_file",
  title: "Preview a file of a data set",
  description:
    "Shows the columns and first rows of a table in a data set, reading only the beginning of the file (of formats that " +
    "are not lines of text, such as Parquet or Excel, all of it up to 16 MiB). Use it to see which column to predict and whether the data is what the title says, before downloading.",
  effect: "read",
  open_world: true,
  scope: "datasets:read",
  input: INPUT,
  output: OUTPUT,
  async run(input, services, { signal }) {
    const address = parseWebAddress(input.ref);
    if (address) {
      const first = await readWebHead(services.web, address, HEAD_BYTES, signal);
      const head = await headFor(
        first.name,
        (limit) =>
          limit === HEAD_BYTES ? Promise.resolve(first) : readWebHead(services.web, address, limit, signal),
      );
      const table = await previewTable(head.bytes, head.isAll, first.name, input.rows);
      return { ref: address.ref, file: first.name, read_from: "web", ...table };
    }
    const ref = parseRef(input.ref);
    const asked = input.file !== undefined ? checkFileName(input.file) : ref.file ?? undefined;
    if (ref.kind === "sample") {
      const sample = findSample(ref.name);
      const file = `${sample.name}.csv`;
      if (asked !== undefined && asked !== file) throw noSuchFile(asked, `sample/${sample.name}`, file);
      const table = await previewTable(new TextEncoder().encode(sample.text), true, file, input.rows);
      return { ref: input.ref, file, read_from: "sample", ...table };
    }
    const stored = await findStoredDataset(services.datasets_dir, ref);
    const file = asked ?? chooseFile(stored?.files.map(({ name }) => name) ?? []) ??
      await firstTable(services, ref, signal);
    const local = stored?.files.some(({ name }) => name === file) ? stored : null;
    const head = await headFor(
      file,
      (limit) =>
        local
          ? readStoredHead(services.datasets_dir, local, file, limit)
          : readRemoteHead(services.client, ref, file, limit, signal),
    );
    const table = await previewTable(head.bytes, head.isAll, file, input.rows);
    return { ref: input.ref, file, read_from: local ? "store" : "kaggle", ...table };
  },
});

/** Of the first page of files: a data set with its tables further back needs to be told which. */
async function firstTable({ client }: KaggleServices, ref: KaggleRef, signal: AbortSignal): Promise<string> {
  const { files } = await client.listDatasetFiles(ref, { pageToken: "", pageSize: 200 }, { signal });
  const names = files.map(({ name }) => name);
  const found = chooseFile(names);
  if (found) return found;
  throw new AppError(
    "failed_precondition",
    `Cannot preview ${datasetName(ref)}: none of its first ${names.length} files is a table`,
    {
      hint: `Name one with \`file\`. It holds ${names.slice(0, 10).join(", ") || "no files"}.`,
    },
  );
}

function noSuchFile(file: string, ref: string, there: string): AppError {
  return new AppError("not_found", `Cannot find ${file} in ${ref}: it has no such file`, {
    hint: `It has ${there}.`,
  });
}
