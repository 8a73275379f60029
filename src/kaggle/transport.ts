/**
 * One call of Kaggle's data set API: over RPC (POST {base}/v1/datasets.DatasetApiService/{Method} with JSON), or,
 * where that is not there, over the older REST (GET {base}/api/v1/…).
 *
 * Source: kagglesdk 0.1.38, datasets/services/dataset_api_service.py and kaggle_http_client.py.
 */
import { AppError } from "@/shared/errors.ts";
import { type Asked, errorOf, networkError, refusalIn } from "./api_error.ts";
import type { CallOptions, KaggleOptions } from "./client.ts";
import type { Reply } from "./reply.ts";
import { isNoSuchCall, type Method, restCall } from "./rest_call.ts";
import { withDeadline } from "./retry.ts";

export interface Answer {
  response: Response;
  /** The body as JSON; undefined when it is none. */
  body: unknown;
}

export class KaggleTransport {
  /** Once RPC was not there, it is not asked for again. */
  #style: "rpc" | "rest" = "rpc";

  constructor(readonly options: KaggleOptions) {}

  /** One try. @throws AppError as api_error.ts says; unavailable when neither API is there */
  async send(method: Method, body: Reply, about: Asked, call: CallOptions): Promise<Answer> {
    let answer = await this.#ask(this.#style, method, body, about, call);
    if (this.#style === "rpc" && isNoSuchCall(answer.response.status, answer.body)) {
      answer = await this.#ask("rest", method, body, about, call);
      if (isNoSuchCall(answer.response.status, answer.body)) throw notUnderstood(about);
      this.#style = "rest";
    }
    const { credential } = this.options;
    const refusal = refusalIn(answer.response.status, answer.body);
    if (refusal) throw errorOf(refusal, answer.response.headers.get("retry-after"), about, credential);
    return answer;
  }

  /** Redirects are not followed: the credential goes to this one address. */
  async #ask(
    style: "rpc" | "rest",
    method: Method,
    body: Reply,
    about: Asked,
    call: CallOptions,
  ): Promise<Answer> {
    const { userAgent, credential, timeoutMs } = this.options;
    const url = this.#address(style, method, body);
    const headers: Record<string, string> = {
      "accept": "application/json",
      "user-agent": userAgent,
      ...(credential.header ? { authorization: credential.header } : {}),
    };
    const request = style === "rest" ? { method: "GET", headers } : {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
    };
    return await withDeadline(call.timeoutMs ?? timeoutMs, call.signal, about.what, async (signal) => {
      try {
        const response = await fetch(url, { ...request, redirect: "manual", signal });
        return { response, body: parseJson(await response.text()) };
      } catch (error) {
        throw signal.aborted ? error : networkError(error, url.host, about.what);
      }
    });
  }

  #address(style: "rpc" | "rest", method: Method, body: Reply): URL {
    const base = this.options.baseUrl.replace(/(\/v1)?\/*$/, "");
    if (style === "rpc") return new URL(`${base}/v1/datasets.DatasetApiService/${method}`);
    // Kaggle has the two on hosts of their own.
    const host = base === "https://api.kaggle.com" ? "https://www.kaggle.com" : base;
    return new URL(`${host.replace(/\/api$/, "")}/api/v1${restCall(method, body)}`);
  }
}

export function notUnderstood(about: Asked): AppError {
  return new AppError("unavailable", `Cannot ${about.what}: the answer is not Kaggle's JSON`, {
    hint: "Something else may be answering (a proxy, a sign-in page of the network), or kaggle.url is wrong.",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
