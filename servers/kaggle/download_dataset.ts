import { z } from "zod";
import { findSample } from "@/dataset/samples.ts";
import { addSample, findDataset } from "@/dataset/store.ts";
import { parseRef, type SampleRef } from "@/kaggle/ref.ts";
import { AppError } from "@/shared/errors.ts";
import { downloadUrl } from "@/sources/download_url.ts";
import { parseWebAddress, type WebAddress } from "@/sources/web_address.ts";
import type { Download } from "@/kaggle/downloads.ts";
import { defineTool, type ToolContext } from "../tool.ts";
import {
  answerOf,
  answerOfStored,
  DOWNLOAD_ANSWER,
  type DownloadAnswer,
  waitFor,
} from "./download_answer.ts";
import { REF_OR_ADDRESS, WAIT_S } from "./fields.ts";
import type { KaggleServices } from "./services.ts";

const INPUT = z.strictObject({
  ref: REF_OR_ADDRESS,
  files: z.array(z.string().min(1).max(400)).min(1).max(200).optional().describe(
    "Only these files, as list_dataset_files names them; a folder's path (images/train/) takes all that lies below it. " +
      "Default: the whole data set (or the file or folder at the end of `ref`).",
  ),
  force: z.boolean().default(false).describe(
    "true: download again although it is here. What is here stays as it is. Default false.",
  ),
  wait_s: WAIT_S,
});

export const downloadDatasetTool = defineTool<KaggleServices, z.infer<typeof INPUT>, DownloadAnswer>({
  name: "download_dataset",
  title: "Download a data set",
  description:
    "Brings a data set, or some of its files or folders, into the local store, unpacked and checked, and gives its dataset_id, path, " +
    "licence and hashes. The https address of a table does as well. What is here already comes at once (`cached`). A large one may still be `running` when wait_s is " +
    "over: then call get_download with the download_id. A broken download goes on where it stopped when called again. " +
    "Cancelling the call stops the download. Next: train or profile with the dataset_id.",
  effect: "create",
  open_world: true,
  scope: "datasets:write",
  input: INPUT,
  output: DOWNLOAD_ANSWER,
  async run(input, services, context) {
    const files = input.files ?? null;
    const address = parseWebAddress(input.ref);
    if (address) return await fromWeb(address, files, input, services, context);
    const ref = parseRef(input.ref);
    if (ref.kind === "sample") return await storeSample(services.datasets_dir, ref, files);
    const download = services.downloads.start({ ref, files, force: input.force });
    return await endOf(download, input.wait_s, services, context);
  },
});

async function endOf(
  download: Download,
  wait_s: number,
  services: KaggleServices,
  context: ToolContext,
): Promise<DownloadAnswer> {
  await waitFor(download, wait_s, services, context);
  if (download.status === "failed") throw download.failure;
  return answerOf(services.datasets_dir, download);
}

async function fromWeb(
  address: WebAddress,
  files: readonly string[] | null,
  { force, wait_s }: z.infer<typeof INPUT>,
  services: KaggleServices,
  context: ToolContext,
): Promise<DownloadAnswer> {
  if (files !== null) {
    throw new AppError("invalid_argument", `Cannot choose files of ${address.ref}: an address is one file`, {
      hint: "Leave `files` out.",
    });
  }
  const { web, datasets_dir, downloads } = services;
  const download = downloads.start({
    ref: address.ref,
    key: `${address.ref} ${force}`,
    run: (watch) => downloadUrl(web, datasets_dir, address, force, watch),
  });
  return await endOf(download, wait_s, services, context);
}

async function storeSample(
  datasets_dir: string,
  ref: SampleRef,
  files: readonly string[] | null,
): Promise<DownloadAnswer> {
  const name = `${findSample(ref.name).name}.csv`;
  const missing = (files ?? (ref.file === null ? [] : [ref.file])).find((file) => file !== name);
  if (missing !== undefined) {
    throw new AppError("not_found", `Cannot find ${missing} in sample/${ref.name}: it has no such file`, {
      hint: `It has ${name}.`,
    });
  }
  const stored = await findDataset(datasets_dir, `sample/${findSample(ref.name).name}`);
  const manifest = await addSample(datasets_dir, ref.name);
  return answerOfStored(datasets_dir, manifest, stored?.dataset_id === manifest.dataset_id, []);
}
