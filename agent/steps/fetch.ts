/** Step 2: the data on this machine, and what it looks like. */
import { basename, extname } from "node:path";
import { AppError } from "@/shared/errors.ts";
import {
  type Downloaded,
  Downloaded as DownloadedSchema,
  errorFrom,
  Profile,
  read,
} from "../tool_results.ts";
import type { Assumption } from "../planner/plan.ts";
import type { Found } from "./find.ts";
import { callOptions, type StepContext, type StepEnd } from "./step.ts";

export interface Fetched {
  dataset_id: string | null;
  ref: string;
  path: string | null;
  version: string | number | null;
  license: string | null;
  sha256: string | null;
  /** What the training tools take. */
  table: string;
  /** A short name of the data. */
  name: string;
  profile: Profile;
  assumptions: Assumption[];
}

const WAIT_S = 20;
/** The target may stand anywhere. */
const ALL_COLUMNS = 100_000;
const TABLE = /\.(csv|tsv|tab|txt|data|json|jsonl|ndjson|parquet|arrow|feather|xlsx)(\.gz|\.zst)?$/i;

export async function fetch(context: StepContext, found: Found): Promise<StepEnd<Fetched>> {
  const downloaded = found.source === "ref" ? await download(context, found.value) : null;
  const assumptions: Assumption[] = [];
  const table = downloaded ? tableOf(downloaded, found, assumptions) : found.value;
  for (const assumption of assumptions) context.reporter.assumed(assumption);
  const answer = await context.servers.call(
    "training",
    "profile_dataset",
    { dataset: table, limit: ALL_COLUMNS },
    callOptions(context),
  );
  const profile = read(Profile, "profile_dataset", answer);
  const about = answer as Record<string, string | null | undefined>;
  const result: Fetched = {
    dataset_id: downloaded?.dataset_id ?? (found.source === "stored" ? found.value : null),
    ref: downloaded?.ref ?? about.ref ?? found.value,
    path: downloaded?.path ?? (found.source === "path" ? found.value : about.path ?? null),
    version: downloaded?.version ?? about.version ?? null,
    license: downloaded?.license ?? found.license ?? about.license ?? null,
    sha256: downloaded?.sha256 ?? about.sha256 ?? null,
    table,
    name: nameOf(found, downloaded),
    profile,
    assumptions,
  };
  return {
    result,
    tool: downloaded ? "download_dataset" : "profile_dataset",
    text: `${profile.rows.toLocaleString("en")} rows, ${profile.columns} columns`,
  };
}

async function download(context: StepContext, ref: string): Promise<Downloaded> {
  const { servers } = context;
  const options = callOptions(context);
  const start = async () =>
    read(
      DownloadedSchema,
      "download_dataset",
      await servers.call("kaggle", "download_dataset", { ref, wait_s: WAIT_S }, options),
    );
  // A server that was started again knows nothing of the download, but finds what has arrived.
  const goOn = async (download_id: string) => {
    try {
      const answer = await servers.call("kaggle", "get_download", { download_id, wait_s: WAIT_S }, options);
      return read(DownloadedSchema, "get_download", answer);
    } catch (error) {
      if (error instanceof AppError && error.code === "not_found") return null;
      throw error;
    }
  };
  let answer = await start();
  while (answer.download_id !== undefined && (answer.status === "queued" || answer.status === "running")) {
    answer = await goOn(answer.download_id) ?? await start();
  }
  if (answer.status !== "failed" && answer.status !== "cancelled") return answer;
  throw answer.error ? errorFrom(answer.error) : new AppError(
    "unavailable",
    `Cannot download ${ref}: the download was ${answer.status}`,
    { hint: "Resume the run: what has arrived is kept." },
  );
}

/** Of several files, the one to learn from: the one called train, or the largest table. */
function tableOf({ dataset_id, files }: Downloaded, found: Found, assumptions: Assumption[]): string {
  const tables = files.filter((file) => TABLE.test(file.name));
  if (tables.length === 0 || dataset_id === undefined) {
    throw new AppError("failed_precondition", `Cannot train on ${found.value}: it holds no table`, {
      hint: `Its files: ${files.map((file) => file.name).slice(0, 20).join(", ") || "none"}.`,
    });
  }
  if (tables.length === 1) return `${dataset_id}/${tables[0].name}`;
  const bySize = [...tables].sort((a, b) => (b.size_bytes ?? 0) - (a.size_bytes ?? 0));
  const train = bySize.find((file) => /(^|[^a-z])train/i.test(basename(file.name)));
  const taken = train ?? bySize[0];
  const others = tables.map((file) => file.name).slice(0, 10).join(", ");
  assumptions.push({
    about: "file",
    value: taken.name,
    reason: `${train ? "its name says it is for training" : "it is the largest table"}; ` +
      `--dataset ${found.value}/FILE chooses another of ${others}`,
  });
  return `${dataset_id}/${taken.name}`;
}

/** `sample/penguins` -> penguins; `/data/house prices.csv.gz` and `https://host/house%20prices.csv` -> house prices. */
function nameOf(found: Found, downloaded: Downloaded | null): string {
  const isAddress = /^https?:/i.test(found.value);
  if (found.source === "ref" && !isAddress) {
    const [owner, slug] = found.value.split("/");
    return slug ?? owner;
  }
  const name = basename(isAddress ? downloaded?.files[0]?.name ?? found.value : found.value);
  return name.slice(0, name.length - endingOf(name).length) || name;
}

function endingOf(name: string): string {
  const last = extname(name);
  return /^\.(gz|zst)$/i.test(last) ? extname(name.slice(0, -last.length)) + last : last;
}

/** Rows of each class of that column, largest first; empty when it has no classes. */
export async function countClasses(
  { servers, signal }: Pick<StepContext, "servers" | "signal">,
  table: string,
  target: string,
): Promise<number[]> {
  const answer = await servers.call("training", "profile_dataset", { dataset: table, target, limit: 1 }, {
    signal,
  });
  const { target: about } = read(Profile, "profile_dataset", answer);
  return (about?.classes ?? []).map((one) => one.count).sort((a, b) => b - a);
}
