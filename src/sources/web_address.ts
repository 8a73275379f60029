/** An address of a file on the web, and the address of the file behind the pages that people copy instead. */
import { AppError } from "@/shared/errors.ts";

export interface WebAddress {
  url: URL;
  /** What the data set is called: the address without what only a browser looks at. */
  ref: string;
}

/**
 * @returns null when it is no address, or that of a page at Kaggle
 * @throws AppError invalid_argument when it can't be read, or is a page, with the file's own address in the hint
 */
export function parseWebAddress(text: string): WebAddress | null {
  const trimmed = text.trim();
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed)) return null;
  if (/^https?:\/\/(www\.)?kaggle\.com\//i.test(trimmed)) return null;
  if (!URL.canParse(trimmed) || !/^https?:/i.test(trimmed)) {
    throw new AppError(
      "invalid_argument",
      `Cannot use "${trimmed.slice(0, 120)}": it is no address of the web`,
      {
        hint: "Give one such as https://host/folder/file.csv.",
      },
    );
  }
  const url = new URL(trimmed);
  const file = fileBehind(url);
  if (file !== null) {
    throw new AppError(
      "invalid_argument",
      `Cannot download ${trimmed.slice(0, 300)}: it is a page about a file`,
      {
        hint: `The file itself is at ${file}`,
      },
    );
  }
  url.hash = "";
  return { url, ref: url.href };
}

/** The file that a well-known page shows; null for other addresses. */
export function fileBehind(url: URL): string | null {
  const host = url.hostname.replace(/^www\./, "");
  const [first, second, third, ...rest] = url.pathname.split("/").slice(1);
  if (host === "github.com" && third === "blob") {
    return `https://raw.githubusercontent.com/${[first, second, ...rest].join("/")}`;
  }
  if (host === "gist.github.com" && second !== undefined && third === undefined) {
    return `https://gist.githubusercontent.com/${first}/${second}/raw`;
  }
  if (host === "gitlab.com" && url.pathname.includes("/-/blob/")) {
    return `${url.origin}${url.pathname.replace("/-/blob/", "/-/raw/")}`;
  }
  if (host === "huggingface.co" && /^\/(datasets\/)?[^/]+\/[^/]+\/blob\//.test(url.pathname)) {
    return `${url.origin}${url.pathname.replace("/blob/", "/resolve/")}`;
  }
  if (
    host === "docs.google.com" && first === "spreadsheets" && second === "d" && third && rest[0] !== "export"
  ) {
    const sheet = /gid=(\d+)/.exec(url.hash + url.search)?.[1];
    return `https://docs.google.com/spreadsheets/d/${third}/export?format=csv${sheet ? `&gid=${sheet}` : ""}`;
  }
  if (host === "dropbox.com" && url.searchParams.get("dl") !== "1") {
    const direct = new URL(url);
    direct.searchParams.set("dl", "1");
    return direct.href;
  }
  if (host === "archive.ics.uci.edu" && first === "dataset" && third) {
    return `https://archive.ics.uci.edu/static/public/${second}/${third.replaceAll("+", " ")}.zip`;
  }
  if (host === "zenodo.org" && third === "files" && rest.length === 1 && !url.searchParams.has("download")) {
    return `${url.origin}${url.pathname}?download=1`;
  }
  return null;
}
