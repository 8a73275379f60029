/** Which data set the request is about: named outright, or the best that a search finds. */
import { AppError } from "@/shared/errors.ts";
import type { FoundDataset, FoundDatasets } from "../tool_results.ts";
import { type Assumption, type Choice, decided, type Decision, missing, type Question } from "./plan.ts";
import { findInRequest, type Folders, type NamedDataset, readDatasetOption } from "./request_refs.ts";
import { askedFor } from "./find_target.ts";
import { bestLikeness, contentWords, splitWords, usualWord } from "./words.ts";

export interface ChosenDataset {
  /** `path` and `stored` are there already; a `ref` must be fetched. */
  source: "path" | "stored" | "ref";
  /** The absolute path, the dataset_id, or the ref. */
  value: string;
  /** The request without the data set's name. */
  request: string;
  /** What the search told about it. */
  found: FoundDataset | null;
}

export interface DatasetInput {
  request: string;
  /** `--dataset`. */
  given: string | undefined;
  /** `--target`, which then need not be asked for. */
  target: string | undefined;
  folders: Folders;
  search(query: string): Promise<Pick<FoundDatasets, "datasets" | "notes">>;
  /** Whether a table can be read at that path. */
  isTable(path: string): Promise<boolean>;
}

/** A found data set must account for at least this share of the request's words. */
const ENOUGH = 0.5;
const MOST_QUERIES = 8;

export async function findDataset(input: DatasetInput): Promise<Decision<ChosenDataset>> {
  if (input.given !== undefined) {
    const named = readDatasetOption(input.given.trim(), input.folders);
    return decided(await settle(named, input.request, input));
  }
  const inRequest = findInRequest(input.request, input.folders);
  if (inRequest) {
    const chosen = await settle(inRequest.named, inRequest.rest, input);
    return decided(chosen, { about: "dataset", value: chosen.value, reason: "the request names it" });
  }
  const words = contentWords(input.request);
  if (words.length === 0) return missing(noData(input, "the request does not say what it is about", []));
  return await searchFor(words, input);
}

async function settle(named: NamedDataset, request: string, input: DatasetInput): Promise<ChosenDataset> {
  const plain = { request, found: null };
  if (named.kind === "path") return { source: "path", value: named.path, ...plain };
  if (named.kind === "stored") return { source: "stored", value: named.dataset_id, ...plain };
  if (named.kind === "ref") return { source: "ref", value: named.ref, ...plain };
  return await input.isTable(named.path)
    ? { source: "path", value: named.path, ...plain }
    : { source: "ref", value: named.ref, ...plain };
}

async function searchFor(words: readonly string[], input: DatasetInput): Promise<Decision<ChosenDataset>> {
  const candidates = new Map<string, FoundDataset>();
  let note = "";
  let trouble = "";
  for (const query of queriesFor(words)) {
    try {
      const { datasets, notes } = await input.search(query);
      note ||= notes[0] ?? "";
      for (const found of datasets) {
        if (!candidates.has(found.ref)) candidates.set(found.ref, found);
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.code === "cancelled") throw error;
      trouble = error.message;
      break;
    }
    if ([...candidates.values()].some((found) => fit(found, words).score >= 0.9)) break;
  }
  const ranked = rankDatasets([...candidates.values()], words);
  const best = ranked[0];
  if (best && best.score >= ENOUGH && best.named) {
    const assumption: Assumption = {
      about: "dataset",
      value: best.found.ref,
      reason: `of ${candidates.size} found, it fits ${
        best.words.map((word) => `"${word}"`).join(" and ")
      } best`,
    };
    return decided(
      { source: "ref", value: best.found.ref, request: input.request, found: best.found },
      assumption,
    );
  }
  const reason = trouble !== ""
    ? `the search failed: ${trouble}`
    : candidates.size === 0
    ? `nothing is known about ${words.map((word) => `"${word}"`).join(", ")}`
    : `none of the ${candidates.size} data sets found fits the request`;
  return missing(
    noData(
      input,
      note === "" ? reason : `${reason}. ${note}`,
      ranked.slice(0, 8).map(({ found }) => choiceOf(found)),
    ),
  );
}

/** All words first, then the usual ones for them; a search engine that demands all of them finds more by each alone. */
function queriesFor(words: readonly string[]): string[] {
  const usual = words.map(usualWord);
  return [...new Set([words.join(" "), usual.join(" "), ...words, ...usual])].slice(0, MOST_QUERIES);
}

function choiceOf(found: FoundDataset): Choice {
  return { value: found.ref, detail: found.title ?? "" };
}

function noData(input: DatasetInput, reason: string, choices: Choice[]): Question {
  const also = input.target === undefined && contentWords(askedFor(input.request)).length === 0
    ? " The column to predict is missing too: --target COLUMN."
    : "";
  return {
    about: "dataset",
    question: "Which data shall it learn from (a path, owner/slug or sample/NAME)?",
    reason: reason + (also === "" ? "" : ".") + also,
    choices,
    flag: "--dataset REF",
  };
}

export interface RankedDataset {
  found: FoundDataset;
  /** Share of the request's words that it accounts for, 0 to 1. */
  score: number;
  words: string[];
  /** Whether its name or its target is among those words, not only its description. */
  named: boolean;
}

/** Best first; of equals, the embedded one, then the one that the search put first. */
export function rankDatasets(found: readonly FoundDataset[], words: readonly string[]): RankedDataset[] {
  const ranked = found.map((one) => fit(one, words));
  const isSample = (one: RankedDataset) => one.found.ref.startsWith("sample/") ? 0 : 1;
  return ranked.map((one, i) => ({ one, i }))
    .sort((a, b) => b.one.score - a.one.score || isSample(a.one) - isSample(b.one) || a.i - b.i)
    .map(({ one }) => one);
}

function fit(found: FoundDataset, words: readonly string[]): RankedDataset {
  const name = splitWords(`${found.title ?? ""} ${found.ref.split("/").slice(1).join(" ")}`);
  const target = splitWords(found.target ?? "");
  const tags = found.tags.flatMap(splitWords);
  const text = splitWords(`${found.subtitle ?? ""} ${(found.description ?? "").slice(0, 2000)}`);
  const each = words.map((word) =>
    Math.max(
      bestLikeness(word, name),
      bestLikeness(word, target),
      0.7 * bestLikeness(word, tags),
      0.4 * bestLikeness(word, text),
    )
  );
  const known = words.filter((_, i) => each[i] > 0);
  const byName = words.some((word) => bestLikeness(word, name) >= 0.8);
  return {
    found,
    score: words.length === 0 ? 0 : each.reduce((sum, value) => sum + value, 0) / words.length,
    words: known,
    named: byName || (words.length > 1 && each.every((value) => value >= 0.7)),
  };
}
