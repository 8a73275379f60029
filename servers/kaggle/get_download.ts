import { z } from "zod";
import { defineTool } from "../tool.ts";
import { answerOf, DOWNLOAD_ANSWER, type DownloadAnswer, waitFor } from "./download_answer.ts";
import { WAIT_S } from "./fields.ts";
import type { KaggleServices } from "./services.ts";

const INPUT = z.strictObject({
  download_id: z.string().min(1).max(100).describe("The download_id that download_dataset gave."),
  wait_s: WAIT_S,
});

export const getDownload = defineTool<KaggleServices, z.infer<typeof INPUT>, DownloadAnswer>({
  name: "get_download",
  title: "Follow a download",
  description:
    "Tells how a download that download_dataset left `running` is going, after waiting up to wait_s for its end. When it has " +
    "succeeded, the answer is that of download_dataset; when it failed, `error` says why and what to do. " +
    "Cancelling the call stops the download, unless another call waits for it.",
  effect: "read",
  scope: "datasets:read",
  input: INPUT,
  output: DOWNLOAD_ANSWER,
  async run({ download_id, wait_s }, services, context) {
    const download = services.downloads.get(download_id);
    await waitFor(download, wait_s, services, context);
    return answerOf(services.datasets_dir, download);
  },
});
