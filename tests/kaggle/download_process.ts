/** A process of its own that downloads some/flowers, or those files of it that are named; prints the dataset_id and whether it was there already. */
import { KAGGLE_DEFAULTS, KaggleClient } from "@/kaggle/client.ts";
import { credentialFrom } from "@/kaggle/credentials.ts";
import { downloadDataset } from "@/kaggle/download.ts";
import { FLOWERS } from "./scene.ts";

const [baseUrl, storageHost, folder, ...files] = Deno.args;
const client = new KaggleClient({
  ...KAGGLE_DEFAULTS,
  baseUrl,
  storageHosts: [storageHost],
  credential: credentialFrom({}),
  userAgent: "mlmcp/test",
});
const { manifest, cached } = await downloadDataset(client, folder, {
  ref: FLOWERS,
  files: files.length > 0 ? files : null,
  force: false,
}, {
  signal: new AbortController().signal,
  onProgress: () => {},
});
console.log(JSON.stringify({ dataset_id: manifest.dataset_id, cached }));
