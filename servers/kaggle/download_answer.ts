/** What download_dataset and get_download answer. */
import { join } from "node:path";
import { z } from "zod";
import { datasetFolder, type DatasetManifest } from "@/dataset/store.ts";
import type { Download } from "@/kaggle/downloads.ts";
import { toWireError } from "@/shared/errors.ts";
import type { ToolContext } from "../tool.ts";
import { NOTES } from "./fields.ts";
import type { KaggleServices } from "./services.ts";

export const DOWNLOAD_ANSWER = z.object({
  status: z.enum(["running", "succeeded", "failed", "cancelled"]).describe(
    "running: not here yet, ask get_download; succeeded: `dataset_id` can be used.",
  ),
  download_id: z.string().optional().describe("For get_download; valid as long as this server runs."),
  ref: z.string().describe("The data set, owner/slug or sample/NAME."),
  dataset_id: z.string().optional().describe(
    "Its id in the store: what the training tools take as `dataset`.",
  ),
  version: z.string().nullable().optional().describe(
    "Its version; null for embedded data sets, which have none.",
  ),
  path: z.string().optional().describe("Folder that holds the files."),
  license: z.string().optional().describe("Its licence, as its owner states it."),
  sha256: z.string().optional().describe(
    "SHA-256 over reference, version, and names and hashes of all files.",
  ),
  files: z.array(z.object({
    name: z.string().describe("Path inside the data set."),
    path: z.string().describe("Absolute path on the server's machine."),
    size_bytes: z.number().int().describe("Size in bytes."),
    sha256: z.string().describe("SHA-256 of its bytes, 64 hex digits."),
  })).optional().describe("The files that are here."),
  cached: z.boolean().optional().describe("True: it was here already, nothing was downloaded."),
  target: z.string().optional().describe(
    "The column that is usually predicted; known for embedded data sets.",
  ),
  task: z.string().optional().describe("classification or regression; known for embedded data sets."),
  progress: z.object({
    done_bytes: z.number().describe("Bytes downloaded and unpacked so far."),
    total_bytes: z.number().nullable().describe("Bytes in all, as far as known; null when not."),
    message: z.string().describe("What is going on."),
  }).optional().describe("How far a running download is."),
  error: z.object({
    code: z.string().describe("Error code."),
    message: z.string().describe("What could not be done, and why."),
    hint: z.string().describe("What to do next."),
  }).optional().describe("Why it failed or was cancelled."),
  notes: NOTES,
});
export type DownloadAnswer = z.infer<typeof DOWNLOAD_ANSWER>;

export function answerOfStored(
  datasets_dir: string,
  manifest: DatasetManifest,
  cached: boolean,
  notes: string[],
): DownloadAnswer {
  const folder = datasetFolder(datasets_dir, manifest);
  const { dataset_id, ref, version, license, sha256, target, task } = manifest;
  return {
    status: "succeeded",
    ...{ ref, dataset_id, version },
    path: join(folder, "files"),
    ...{ license, sha256 },
    files: manifest.files.map((file) => ({ ...file, path: join(folder, ...file.path.split("/")) })),
    cached,
    ...{ target, task },
    notes,
  };
}

export function answerOf(datasets_dir: string, download: Download): DownloadAnswer {
  const { download_id, ref, status, result } = download;
  if (result) {
    return { ...answerOfStored(datasets_dir, result.manifest, result.cached, result.notes), download_id };
  }
  if (status === "running") {
    const { done_bytes, total_bytes, message } = download;
    return { status, download_id, ref, progress: { done_bytes, total_bytes, message }, notes: [] };
  }
  return { status, download_id, ref, error: toWireError(download.failure), notes: [] };
}

/** Waits for its end, and tells the client how far it is meanwhile. */
export async function waitFor(
  download: Download,
  wait_s: number,
  { downloads }: KaggleServices,
  context: ToolContext,
): Promise<void> {
  const tell = () =>
    context.progress(
      download.done_bytes,
      download.total_bytes ?? download.done_bytes + 1,
      `${download.ref}: ${download.message}`,
    );
  await downloads.wait(download, wait_s * 1000, context.signal, tell);
}
