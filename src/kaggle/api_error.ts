/** What Kaggle's refusals mean, and what to do about each. */
import { AppError } from "@/shared/errors.ts";
import { type Credential, HOW_TO_SIGN_IN } from "./credentials.ts";
import { isObject, numberIn, textIn } from "./reply.ts";
import { WaitError } from "./retry.ts";

/** What a call is about, for the sentences of its errors. */
export interface Asked {
  /** The verb and its object: `read data set owner/slug`. */
  what: string;
  /** The page that a person can open about it. */
  page: string;
  /** True when one file was asked for, which may be missing while the data set is there. */
  file?: boolean;
}

interface Refusal {
  status: number;
  message: string;
}

/**
 * The refusal in a reply's body, if there is one. Three forms are known: `{error: {code, message}}`,
 * `{code, message}`, and the latter under HTTP 200.
 */
export function refusalIn(status: number, body: unknown): Refusal | null {
  const inner = isObject(body) && isObject(body.error) ? body.error : isObject(body) ? body : {};
  const code = numberIn(inner, "code");
  const message = textIn(inner, "message") ?? "";
  if (status >= 400) return { status, message };
  return code !== undefined && code >= 400 && code < 600 ? { status: code, message } : null;
}

/** @param retryAfter the header of that name: seconds or a date, or null */
export function errorOf(
  refusal: Refusal,
  retryAfter: string | null,
  asked: Asked,
  credential: Credential,
): AppError {
  const { status } = refusal;
  const said = quote(refusal.message);
  const cannot = `Cannot ${asked.what}:`;
  if (status === 401) {
    return credential.kind === "none"
      ? new AppError("unauthenticated", `${cannot} Kaggle wants to know who asks`, {
        hint: withProblem(HOW_TO_SIGN_IN, credential),
      })
      : new AppError(
        "unauthenticated",
        `${cannot} Kaggle does not accept the credential from ${credential.origin}`,
        {
          hint:
            `It may be expired or mistyped. Remove it (public data needs none), or replace it. ${HOW_TO_SIGN_IN}`,
        },
      );
  }
  if (status === 403 && /accept|consent|rules|agree/i.test(refusal.message)) {
    return new AppError("failed_precondition", `${cannot} its rules must be accepted first${said}`, {
      hint: `Open ${asked.page} in a browser, sign in, accept the rules, and try again. ${
        signInIfNobody(credential)
      }`.trim(),
    });
  }
  if (status === 403) {
    return new AppError(
      "permission_denied",
      `${cannot} it does not exist, is private, was removed, or its rules were not accepted${said}`,
      {
        hint: `Check the spelling with search_datasets, or open ${asked.page}. ${signInIfNobody(credential)}`
          .trim(),
      },
    );
  }
  if (status === 404) {
    return new AppError("not_found", `${cannot} Kaggle has no such ${asked.file ? "file" : "data set"}`, {
      hint: asked.file
        ? "list_dataset_files shows the names, which are case-sensitive paths."
        : "Check the spelling with search_datasets. A version made minutes ago may not be ready yet.",
    });
  }
  if (status === 429) {
    const waitMs = parseRetryAfter(retryAfter);
    const wait = waitMs === null ? "a minute" : `${Math.ceil(waitMs / 1000)} s`;
    return new WaitError(waitMs, "resource_exhausted", `${cannot} Kaggle limits how often it is asked`, {
      hint: `Wait ${wait}, then try again.${
        credential.kind === "none" ? " Signed in, the limit is higher." : ""
      }`,
    });
  }
  if (status >= 500) {
    return new WaitError(
      parseRetryAfter(retryAfter),
      "unavailable",
      `${cannot} Kaggle answered with HTTP ${status}${said}`,
      {
        hint:
          "The fault is on Kaggle's side: try again in a few minutes. The sample/… data sets work without it.",
      },
    );
  }
  return new AppError("invalid_argument", `${cannot} Kaggle refused the request with HTTP ${status}${said}`, {
    hint: "Check the arguments; a cursor works only with the search it came from.",
  });
}

/** What `fetch` threw, without the address, whose query may hold a signature. */
export function networkError(error: unknown, host: string, what: string): unknown {
  if (error instanceof Deno.errors.NotCapable) {
    return new AppError("permission_denied", `Cannot ${what}: mlmcp may not talk to ${host}`, {
      hint:
        "Hosts of downloads are listed in kaggle.storage_hosts (MLMCP_KAGGLE_STORAGE_HOSTS), the API's in kaggle.url.",
      cause: error,
    });
  }
  if (!(error instanceof Error) || error instanceof AppError || error.name === "AbortError") return error;
  // Which of the two tells it depends on the version of Deno.
  const text = `${error.message} ${error.cause instanceof Error ? error.cause.message : ""}`.replaceAll(
    /https?:\S+/g,
    "",
  );
  const state = /dns|lookup|resolve/i.test(text)
    ? "its name can't be resolved"
    : /refused/i.test(text)
    ? "the connection was refused"
    : /certificate|tls|ssl/i.test(text)
    ? "its certificate was not accepted"
    : "the connection failed";
  return new AppError("unavailable", `Cannot ${what}: ${host} can't be reached, ${state}`, {
    hint:
      "Check the network (a proxy is taken from HTTPS_PROXY; DENO_TLS_CA_STORE=system uses the system's certificates). " +
      "The sample/… data sets work without it.",
    cause: error,
  });
}

/** Milliseconds to wait: from seconds or an HTTP date (RFC 9110, 10.2.3). */
export function parseRetryAfter(value: string | null, now = Date.now()): number | null {
  if (value === null || value.trim() === "") return null;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

/** A stranger's text inside our sentence: one line, short, and marked as theirs. */
function quote(message: string): string {
  const line = [...message].map((letter) => letter < " " ? " " : letter).join("").trim().slice(0, 160);
  return line ? ` ("${line}")` : "";
}

function signInIfNobody(credential: Credential): string {
  return credential.kind === "none"
    ? withProblem(`If it is yours or needs consent, sign in. ${HOW_TO_SIGN_IN}`, credential)
    : "";
}

function withProblem(hint: string, credential: Credential): string {
  return credential.problem ? `${hint} (Now: ${credential.problem}.)` : hint;
}
