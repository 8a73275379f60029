/** The TABLE of the kaggle-server's tools. */
import type { AnyTool } from "../tool.ts";
import { downloadDatasetTool } from "./download_dataset.ts";
import { getDatasetMetadata } from "./get_dataset_metadata.ts";
import { getDownload } from "./get_download.ts";
import { listDatasetFiles } from "./list_dataset_files.ts";
import { previewDatasetFile } from "./preview_dataset_file.ts";
import { searchDatasets } from "./search_datasets.ts";
import type { KaggleServices } from "./services.ts";

export const TOOLS: readonly AnyTool<KaggleServices>[] = [
  searchDatasets,
  getDatasetMetadata,
  listDatasetFiles,
  previewDatasetFile,
  downloadDatasetTool,
  getDownload,
];
