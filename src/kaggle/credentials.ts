/**
 * Who we are to Kaggle. Public data sets need nobody.
 *
 * Source: kagglesdk 0.1.38, kaggle_http_client.py: an API token goes as Bearer, the legacy key as Basic.
 */
export interface Credential {
  kind: "token" | "key" | "none";
  /** The Authorization header; null when there is no credential. */
  header: string | null;
  /** Where it was found, for messages; never the secret itself. */
  origin: string;
  /** A credential that is there and can't be used. */
  problem: string | null;
}

/** What credential_files.ts adds to the environment for messages. */
export const ORIGIN_VARIABLE = "MLMCP_KAGGLE_CREDENTIAL_ORIGIN";
export const PROBLEM_VARIABLE = "MLMCP_KAGGLE_CREDENTIAL_PROBLEM";

/**
 * From the environment, in Kaggle's order: KAGGLE_API_TOKEN, then KAGGLE_USERNAME with KAGGLE_KEY, then nobody.
 * A new token (`KGAT_…`) in KAGGLE_KEY is used as the token that it is.
 */
export function credentialFrom(env: Record<string, string | undefined>): Credential {
  const token = env.KAGGLE_API_TOKEN?.trim();
  const username = env.KAGGLE_USERNAME?.trim();
  const key = env.KAGGLE_KEY?.trim();
  const found = env[ORIGIN_VARIABLE];
  const problem = env[PROBLEM_VARIABLE] ?? null;
  if (token) return bearer(token, found ?? "KAGGLE_API_TOKEN");
  if (key?.startsWith("KGAT_")) return bearer(key, found ?? "KAGGLE_KEY");
  if (username && key) {
    const bytes = new TextEncoder().encode(`${username}:${key}`);
    const header = `Basic ${btoa(String.fromCharCode(...bytes))}`;
    return { kind: "key", header, origin: found ?? "KAGGLE_USERNAME and KAGGLE_KEY", problem };
  }
  if (!username && !key) return nobody(problem);
  const [has, lacks] = username ? ["KAGGLE_USERNAME", "KAGGLE_KEY"] : ["KAGGLE_KEY", "KAGGLE_USERNAME"];
  return nobody(problem ?? `${has} is set without ${lacks}`);
}

function nobody(problem: string | null): Credential {
  return { kind: "none", header: null, origin: "nowhere", problem };
}

function bearer(token: string, origin: string): Credential {
  // A header can carry nothing else, and no token holds it: a broken copy, most likely.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return nobody(`the token from ${origin} holds spaces or foreign characters`);
  }
  return { kind: "token", header: `Bearer ${token}`, origin, problem: null };
}

/** What to do to be somebody. */
export const HOW_TO_SIGN_IN =
  "Make a token at https://www.kaggle.com/settings (API), and set KAGGLE_API_TOKEN, or save kaggle.json in ~/.kaggle.";
