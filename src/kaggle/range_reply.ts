/** What the headers of an answer with bytes tell (RFC 9110, 8.8 and 14). */

/** A weak ETag can't vouch for byte ranges. */
export function validatorOf(headers: Headers): string | null {
  const etag = headers.get("etag");
  return etag && !etag.startsWith("W/") ? etag : headers.get("last-modified");
}

export function lengthOf(headers: Headers): number | null {
  const length = Number(headers.get("content-length") ?? NaN);
  return Number.isSafeInteger(length) ? length : null;
}

/** `bytes 5-9/10` and `bytes *\/10`. */
export function rangeOf(headers: Headers): { from: number | null; total: number | null } | null {
  const found = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  if (!found) return null;
  return {
    from: found[1] === undefined ? null : Number(found[1]),
    total: found[2] === "*" ? null : Number(found[2]),
  };
}

export function nameOf(url: URL): string {
  const last = url.pathname.split("/").pop() ?? "";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
