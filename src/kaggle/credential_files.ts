/**
 * Credentials that lie in files outside the home. The kaggle-server can't read those, so the main thread does,
 * before it starts the server, and hands over only what it found.
 *
 * Source: kagglesdk 0.1.38 kaggle_env.py (access_token), kaggle 2.2.5 (kaggle.json and its folders).
 */
import { join } from "node:path";
import { ORIGIN_VARIABLE, PROBLEM_VARIABLE } from "./credentials.ts";

/** Larger files are no credentials. */
const MAX_BYTES = 64 * 1024;

/**
 * The variables to add to the server's environment. In Kaggle's order: KAGGLE_API_TOKEN (a token, or the path of
 * a file that holds it), ~/.kaggle/access_token, KAGGLE_USERNAME with KAGGLE_KEY, kaggle.json. Never throws:
 * a file that can't be used becomes a sentence that later errors show.
 */
export function readCredentialFiles(env: Record<string, string | undefined>): Record<string, string> {
  const home = env.HOME ?? env.USERPROFILE ?? "";
  const given = env.KAGGLE_API_TOKEN?.trim();
  if (given) {
    const token = /[\\/]/.test(given) ? readSmall(given)?.trim() : undefined;
    if (token) {
      return { KAGGLE_API_TOKEN: token, [ORIGIN_VARIABLE]: `the file ${given}, named by KAGGLE_API_TOKEN` };
    }
    if (!/^(\.{0,2}[\\/]|~|[A-Za-z]:\\)/.test(given)) return {};
    return {
      KAGGLE_API_TOKEN: "",
      [PROBLEM_VARIABLE]: `KAGGLE_API_TOKEN names ${given}, which can't be read`,
    };
  }
  for (const name of home ? ["access_token", "access_token.txt"] : []) {
    const path = join(home, ".kaggle", name);
    const token = readSmall(path)?.trim();
    if (token) return { KAGGLE_API_TOKEN: token, [ORIGIN_VARIABLE]: path };
  }
  if (env.KAGGLE_USERNAME?.trim() && env.KAGGLE_KEY?.trim()) return {};
  for (const folder of foldersOfKaggleJson(env, home)) {
    const path = join(folder, "kaggle.json");
    const text = readSmall(path);
    if (text !== null) return readKaggleJson(path, text);
  }
  return {};
}

function foldersOfKaggleJson(env: Record<string, string | undefined>, home: string): string[] {
  if (env.KAGGLE_CONFIG_DIR) return [env.KAGGLE_CONFIG_DIR];
  if (!home) return [];
  return [join(home, ".kaggle"), join(env.XDG_CONFIG_HOME ?? join(home, ".config"), "kaggle")];
}

function readKaggleJson(path: string, text: string): Record<string, string> {
  let value: { username?: unknown; key?: unknown } | null = null;
  try {
    value = JSON.parse(text);
  } catch { /* said below */ }
  const { username, key } = value ?? {};
  if (typeof username === "string" && typeof key === "string" && username && key) {
    return { KAGGLE_USERNAME: username, KAGGLE_KEY: key, [ORIGIN_VARIABLE]: path };
  }
  return { [PROBLEM_VARIABLE]: `${path} is not {"username": "…", "key": "…"}` };
}

function readSmall(path: string): string | null {
  try {
    const info = Deno.statSync(path);
    return info.isFile && info.size <= MAX_BYTES ? Deno.readTextFileSync(path) : null;
  } catch {
    return null;
  }
}
