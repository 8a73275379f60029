/** Where the next page of a list starts, as text that only this program reads. */
import { AppError } from "@/shared/errors.ts";
import { canonicalJson, sha256Hex } from "@/shared/hash.ts";

/** @param list what is listed, with all its filters: a cursor of another list is refused */
export function writeCursor(list: unknown, place: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify([digestOf(list), place]));
  return btoa(String.fromCharCode(...bytes));
}

/** @throws AppError invalid_argument when the cursor is not one of this list */
export function readCursor<Place>(list: unknown, cursor: string): Place {
  try {
    const bytes = Uint8Array.from(atob(cursor), (letter) => letter.charCodeAt(0));
    const [digest, place] = JSON.parse(new TextDecoder().decode(bytes));
    if (digest === digestOf(list)) return place as Place;
  } catch { /* said below */ }
  throw new AppError("invalid_argument", "Cannot go on with the list: the cursor is not one of this list", {
    hint:
      "Repeat the call with the same arguments and the next_cursor of its last page, or leave the cursor out.",
  });
}

function digestOf(list: unknown): string {
  return sha256Hex(new TextEncoder().encode(canonicalJson(list))).slice(0, 16);
}
