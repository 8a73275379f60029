/** Signed links into the storage, in the form of Google's V4 signatures: they end, and can't be changed. */
import { createHmac, randomBytes } from "node:crypto";

/** What a link is for. */
export interface Target {
  ref: string;
  version: number;
  /** null: all of it. */
  file: string | null;
  /** The single file lies in a zip. */
  zipped: boolean;
}

export type Refusal = "NoSuchKey" | "ExpiredToken" | "SignatureDoesNotMatch";

export class Links {
  #secret = randomBytes(32);
  #targets = new Map<string, Target>();
  /** Counts the calls of expireAll; a link is of the count it was made in. */
  #age = 0;

  /** @param host host:port of the storage */
  sign(host: string, path: string, target: Target, seconds: number): string {
    this.#targets.set(path, target);
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const query = new URLSearchParams({
      "X-Goog-Algorithm": "GOOG4-RSA-SHA256",
      "X-Goog-Credential": `emulator-${this.#age}@kaggle-161607.iam.gserviceaccount.com/${date}/auto/storage`,
      "X-Goog-Date": date,
      "X-Goog-Expires": String(seconds),
      "X-Goog-SignedHeaders": "host",
    });
    query.set("X-Goog-Signature", this.#signature(path, query));
    return `http://${host}${path}?${query}`;
  }

  read(method: string, url: URL): Target | Refusal {
    const query = new URLSearchParams(url.search);
    const signature = query.get("X-Goog-Signature");
    query.delete("X-Goog-Signature");
    // The signature is for GET, as Kaggle's are.
    if (method !== "GET" || signature !== this.#signature(url.pathname, query)) {
      return "SignatureDoesNotMatch";
    }
    const age = Number(/^emulator-(\d+)@/.exec(query.get("X-Goog-Credential") ?? "")?.[1]);
    const date = query.get("X-Goog-Date")!.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z");
    const ends = new Date(date).getTime() + Number(query.get("X-Goog-Expires")) * 1000;
    if (age < this.#age || Date.now() >= ends) return "ExpiredToken";
    return this.#targets.get(url.pathname) ?? "NoSuchKey";
  }

  /** Ends all links that were given so far. */
  expireAll(): void {
    this.#age++;
  }

  #signature(path: string, query: URLSearchParams): string {
    return createHmac("sha256", this.#secret).update(`${path}?${query}`).digest("hex");
  }
}
