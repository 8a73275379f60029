/** Which column the request asks for. */
import { AppError } from "@/shared/errors.ts";
import { closest } from "../closest.ts";
import type { ColumnProfile, Profile } from "../tool_results.ts";
import { type Assumption, type Choice, decided, type Decision, missing } from "./plan.ts";
import { bestLikeness, contentWords, isStopWord, splitWords } from "./words.ts";

export interface TargetInput {
  /** The request without the data set's name. */
  request: string;
  /** `--target`. */
  given: string | undefined;
  /** What the data set's own description says is to be predicted. */
  known: string | undefined;
  profile: Profile;
}

/** Names that people give to the column to be predicted. */
const USUAL = ["target", "label", "class", "y", "outcome", "response", "dependent", "labels", "classes"];

/** A column is taken on the request's word alone from here on (F-measure of the words, 0 to 1). */
const CONFIDENT = 0.5;
/** And when the next best is at least so much worse. */
const MARGIN = 0.1;

/**
 * @throws AppError invalid_argument when the column that was given does not exist
 */
export function findTarget({ request, given, known, profile }: TargetInput): Decision<string> {
  const names = profile.column_profiles.map((column) => column.name);
  if (given !== undefined) return decided(exactName(given, names));
  const ranked = rankColumns(request, profile.column_profiles);
  const [best, second] = ranked;
  const clear = best !== undefined && best.score >= CONFIDENT && best.score - (second?.score ?? 0) >= MARGIN;
  const knownName = known === undefined ? undefined : names.find((name) => name === known);
  if (clear && (knownName === undefined || best.name === knownName || best.score >= 0.8)) {
    return decided(
      best.name,
      assume(best.name, `the request speaks of ${best.words.map((word) => `"${word}"`).join(" and ")}`),
    );
  }
  if (knownName !== undefined) {
    return decided(knownName, assume(knownName, "the data set's description names it"));
  }
  const usual = profile.column_profiles.filter((column) => USUAL.includes(column.name.trim().toLowerCase()));
  if (usual.length === 1) {
    return decided(usual[0].name, assume(usual[0].name, "a column of that name is meant to be predicted"));
  }
  const tied = ranked.filter((one) => one.score >= CONFIDENT - MARGIN);
  return missing({
    about: "target",
    question: "Which column shall be predicted?",
    reason: tied.length > 1
      ? `the request fits ${tied.slice(0, 4).map((one) => `"${one.name}"`).join(", ")} alike`
      : "no column's name fits the request",
    choices: choicesOf(profile.column_profiles, ranked.map((one) => one.name)),
    flag: "--target COLUMN",
  });
}

function assume(name: string, reason: string): Assumption {
  return { about: "target", value: name, reason };
}

function exactName(given: string, names: readonly string[]): string {
  if (names.includes(given)) return given;
  const same = names.filter((name) => name.trim().toLowerCase() === given.trim().toLowerCase());
  if (same.length === 1) return same[0];
  const near = closest(given, names);
  throw new AppError("invalid_argument", `Cannot predict "${given}": the data has no such column`, {
    hint: `${near ? `Did you mean --target "${near}"? ` : ""}Columns: ${listOf(names)}.`,
  });
}

export function listOf(names: readonly string[], limit = 30): string {
  return `${names.slice(0, limit).join(", ")}${
    names.length > limit ? `, and ${names.length - limit} more` : ""
  }`;
}

function choicesOf(columns: readonly ColumnProfile[], first: readonly string[]): Choice[] {
  const order = [...columns].sort((a, b) => rankOf(a.name, first) - rankOf(b.name, first));
  return order.filter((column) => !namesRows(column) && (column.distinct ?? 2) > 1)
    .map((column) => ({ value: column.name, detail: `${column.type}, ${column.distinct ?? "?"} values` }));
}

function rankOf(name: string, first: readonly string[]): number {
  const at = first.indexOf(name);
  return at < 0 ? first.length : at;
}

export interface RankedColumn {
  name: string;
  score: number;
  /** The words of the request that it was found by. */
  words: string[];
}

/** Columns by how well their names fit what is asked for; those that do not fit at all are left out. */
export function rankColumns(request: string, columns: readonly ColumnProfile[]): RankedColumn[] {
  const phrase = askedFor(request);
  const words = contentWords(phrase);
  const raw = ` ${phrase.toLowerCase()} `;
  // "the price of a house": price must be met; house helps to tell house_value from other values.
  const around = contentWords(request);
  const coverage = (part: string) => Math.max(bestLikeness(part, words), 0.8 * bestLikeness(part, around));
  return columns.flatMap((column) => {
    const name = column.name.trim();
    const parts = splitWords(name).filter((part) => part.length > 1 || splitWords(name).length === 1);
    if (isPhrase(phrase, name)) return [{ name: column.name, score: 1.5, words: [name] }];
    if (saysOutright(raw, name)) return [{ name: column.name, score: 1.2, words: [name] }];
    if (namesRows(column) || parts.length === 0 || words.length === 0) return [];
    const covered = parts.reduce((sum, part) => sum + coverage(part), 0) / parts.length;
    const found = words.filter((word) => bestLikeness(word, parts) > 0);
    const used = words.reduce((sum, word) => sum + bestLikeness(word, parts), 0) / words.length;
    if (covered === 0 || used === 0) return [];
    return [{ name: column.name, score: (2 * covered * used) / (covered + used), words: found }];
  }).sort((a, b) => b.score - a.score);
}

/**
 * Whether a column only tells rows apart. Numbers that all differ may be a measure all the same, unless the
 * column's name says otherwise.
 */
export function namesRows(column: ColumnProfile): boolean {
  if (column.type !== "identifier") return false;
  return column.mean === undefined || column.mean === null ||
    splitWords(column.name).some((word) => ROW_WORDS.has(word));
}

const ROW_WORDS = new Set([
  "id",
  "index",
  "idx",
  "row",
  "rownum",
  "no",
  "nr",
  "key",
  "uuid",
  "guid",
  "number",
  "unnamed",
]);

/** The name is all that is asked for: `predict y`. */
function isPhrase(phrase: string, name: string): boolean {
  const plain = phrase.trim().replace(/^(?:(?:the|column|variable)\s+)+/i, "").replace(
    /^["'`]|["'`.?!,]+$/g,
    "",
  );
  return plain.toLowerCase() === name.toLowerCase();
}

/** The name stands in the request just so: `predict loan_status`. One letter or a common word is no name. */
function saysOutright(raw: string, name: string): boolean {
  const plain = name.toLowerCase();
  if (plain.length < 2 || isStopWord(plain)) return false;
  const at = raw.indexOf(plain);
  const isWord = (letter: string) => /[\p{L}\p{N}_]/u.test(letter);
  return at > 0 && !isWord(raw[at - 1]) && !isWord(raw[at + plain.length]);
}

const VERB =
  /\b(?:predict(?:s|ing|ion of|ions of)?|forecast(?:s|ing)?|estimat(?:e|es|ing)|classif(?:y|ies|ying)|guess|detect(?:s|ing)?|regress|model(?:ling)? (?:of|for))\b/i;
const END = /\b(?:of|from|for|using|with|in|on|based|by|given|at|out)\b/i;

/** "predict the species of a penguin" asks for "the species". All of the request when it has no such verb. */
export function askedFor(request: string): string {
  const verb = VERB.exec(request);
  if (!verb) return request;
  const after = request.slice(verb.index + verb[0].length);
  const end = END.exec(after);
  const phrase = end ? after.slice(0, end.index) : after;
  return splitWords(phrase).some((word) => !isStopWord(word)) ? phrase : after;
}
