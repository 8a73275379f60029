/** A search over the embedded data sets and Kaggle, as one list with one cursor. */
import { type Sample, SAMPLES } from "@/dataset/samples.ts";
import { AppError } from "@/shared/errors.ts";
import type { DatasetSummary, KaggleClient, ListQuery } from "./client.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { withDeadline } from "./retry.ts";

export interface SearchQuery {
  query: string;
  sort_by: SortBy;
  file_type?: "csv" | "json" | "sqlite" | "parquet";
  license?: "cc" | "gpl" | "odb" | "other";
  min_size_bytes?: number;
  max_size_bytes?: number;
  owner?: string;
}

/** Our word for each order, and Kaggle's. */
export const SORT_BY = {
  hottest: undefined,
  votes: "VOTES",
  updated: "UPDATED",
  published: "PUBLISHED",
  relevance: "RELEVANCE",
  downloads: "DOWNLOAD_COUNT",
  usability: "USABILITY",
} as const;
export type SortBy = keyof typeof SORT_BY;

export type SearchHit = { kind: "sample"; sample: Sample } | { kind: "kaggle"; dataset: DatasetSummary };

export interface SearchPage {
  hits: SearchHit[];
  cursor: string | null;
  /** Why Kaggle's part is missing, if it is. */
  notes: string[];
}

/** Where the next page starts: so many samples on, then in Kaggle's page of that token after so many results. */
interface Place {
  samples: number;
  token: string;
  skip: number;
}

/** For all tries together, so that a call without a network still answers soon. */
const KAGGLE_TIMEOUT_MS = 12_000;
const KAGGLE_TRIES = 2;
/** After a failed connection, searches answer from the samples alone for so long. */
const OUTAGE_MS = 30_000;

/** Remembers that Kaggle could not be reached, so that ten searches do not wait ten times. */
export class KaggleSearch {
  #outage: { until: number; why: string } | null = null;

  constructor(readonly client: KaggleClient) {}

  /**
   * Embedded data sets first, best match first, then Kaggle's in its order.
   * @throws AppError invalid_argument for a cursor of another search
   */
  async search(
    query: SearchQuery,
    cursor: string | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<SearchPage> {
    const place = cursor === undefined
      ? { samples: 0, token: "", skip: 0 }
      : readCursor<Place>(query, cursor);
    const samples = matchSamples(query).slice(place.samples, place.samples + limit);
    const hits: SearchHit[] = samples.map((sample) => ({ kind: "sample", sample }));
    place.samples += samples.length;
    const room = limit - hits.length;
    if (room === 0) return { hits, cursor: writeCursor(query, place), notes: [] };
    try {
      const page = await this.#ask(kaggleQuery(query, place.token, limit), signal);
      const rest = page.datasets.slice(place.skip);
      for (const dataset of rest.slice(0, room)) hits.push({ kind: "kaggle", dataset });
      // Kaggle's pages keep their size, so a page that shares ours with samples is read twice.
      const next = rest.length > room
        ? { ...place, skip: place.skip + room }
        : page.nextPageToken
        ? { ...place, token: page.nextPageToken, skip: 0 }
        : null;
      return { hits, cursor: next && writeCursor(query, next), notes: [] };
    } catch (error) {
      if (!(error instanceof AppError) || error.code === "cancelled") throw error;
      const notes = [`Only embedded data sets are listed. ${error.message}. ${error.hint}`];
      return { hits, cursor: null, notes };
    }
  }

  async #ask(query: ListQuery, signal: AbortSignal) {
    const now = Date.now();
    if (this.#outage && now < this.#outage.until) {
      throw new AppError("unavailable", this.#outage.why, {
        hint: `Kaggle is asked again in ${Math.ceil((this.#outage.until - now) / 1000)} s.`,
      });
    }
    this.#outage = null;
    try {
      return await withDeadline(
        KAGGLE_TIMEOUT_MS,
        signal,
        "search Kaggle",
        (own) => this.client.listDatasets(query, { signal: own, tries: KAGGLE_TRIES }),
      );
    } catch (error) {
      if (error instanceof AppError && (error.code === "unavailable" || error.code === "deadline_exceeded")) {
        this.#outage = { until: Date.now() + OUTAGE_MS, why: error.message };
      }
      throw error;
    }
  }
}

function kaggleQuery(query: SearchQuery, pageToken: string, pageSize: number): ListQuery {
  return {
    search: query.query,
    sortBy: SORT_BY[query.sort_by],
    fileType: query.file_type?.toUpperCase(),
    license: query.license?.toUpperCase(),
    minSize: query.min_size_bytes,
    maxSize: query.max_size_bytes,
    owner: query.owner,
    pageToken,
    pageSize,
  };
}

/** How much a word counts that is found there. */
const WEIGHTS = { name: 5, target: 4, keywords: 4, title: 3, description: 1 } as const;

/** Words that say nothing about the data. */
const STOP = new Set(
  ("a an and any are as at be by classify data dataset datasets find for from get how in is it learn me ml model my of on " +
    "or predict prediction set sets some that the their these this to train what which with").split(" "),
);

/** The embedded data sets that share a word with the query and pass its filters, best first. */
export function matchSamples(query: SearchQuery): Sample[] {
  const words = [...new Set(wordsOf(query.query))].filter((word) => !STOP.has(word));
  const fits = (sample: Sample) => {
    const size = new TextEncoder().encode(sample.text).length;
    return (query.owner === undefined || query.owner === "sample") &&
      (query.file_type === undefined || query.file_type === "csv") &&
      (query.license === undefined || licenseGroup(sample.license) === query.license) &&
      size >= (query.min_size_bytes ?? 0) && size <= (query.max_size_bytes ?? Infinity);
  };
  return SAMPLES.map((sample) => ({ sample, score: scoreOf(sample, words) }))
    .filter(({ sample, score }) => score > 0 && fits(sample))
    .sort((a, b) => b.score - a.score).map(({ sample }) => sample);
}

function scoreOf(sample: Sample, words: readonly string[]): number {
  const fields = {
    name: wordsOf(sample.name.replaceAll("_", " ")),
    target: wordsOf(sample.target),
    keywords: sample.keywords.flatMap(wordsOf),
    title: wordsOf(sample.title),
    description: wordsOf(sample.description),
  };
  let score = 0;
  for (const word of words) {
    // "sample" asks for all of them.
    let best = word === "sample" || word === "embedded" ? 0.1 : 0;
    for (const [field, weight] of Object.entries(WEIGHTS)) {
      const found = fields[field as keyof typeof WEIGHTS];
      if (found.includes(word)) best += weight;
      else if (word.length >= 4 && found.some((other) => other.startsWith(word))) best += weight / 2;
    }
    score += best;
  }
  return score;
}

/** Lower-case words without the ending of a plural. */
function wordsOf(text: string): string[] {
  const found = text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? [];
  return found.map((word) =>
    word.length > 3 && !/(?:ss|us|is|ies)$/.test(word) ? word.replace(/s$/, "") : word
  );
}

/** Kaggle's groups of licences. */
function licenseGroup(license: string): SearchQuery["license"] {
  if (/^CC/i.test(license)) return "cc";
  if (/^[AL]?GPL/i.test(license)) return "gpl";
  return /^(ODbL|ODC|PDDL)/i.test(license) ? "odb" : "other";
}
