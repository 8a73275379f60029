/** Fields that several tools share. */
import { z } from "zod";

export const REF = z.string().min(3).max(400).describe(
  "The data set: owner/slug for its newest version, owner/slug/versions/N for that one, or sample/NAME for an embedded one. " +
    "The address of its Kaggle page works too.",
);

export const REF_OR_ADDRESS = REF.max(2000).describe(
  `${REF.description} Or the https address of one table file, at a host that sources.allowed_hosts names.`,
);

export const CURSOR = z.string().max(4000).optional().describe(
  "next_cursor of the page before, with the other arguments unchanged. Leave it out for the first page.",
);

export const NEXT_CURSOR = z.string().nullable().describe(
  "Give it as `cursor` to get the next page; null when this is the last one.",
);

export const WAIT_S = z.number().min(0).max(45).default(20).describe(
  "How long to wait for the end, in seconds, 0 to 45 (default 20). When it is over, the download goes on by itself.",
);

export const NOTES = z.array(z.string()).describe(
  "What the caller should know about this answer; mostly empty.",
);

export function limitField(fallback: number, most: number) {
  return z.number().int().min(1).max(most).default(fallback).describe(
    `How many entries a page holds at most, 1 to ${most} (default ${fallback}).`,
  );
}
