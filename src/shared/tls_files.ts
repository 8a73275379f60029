/** The certificate and key that endpoints serve https with: read anew each time, so that new ones are seen. */
import { AppError } from "./errors.ts";
import type { Config } from "./config.ts";
import { sha256Hex } from "./hash.ts";

export interface TlsFiles {
  cert: string;
  key: string;
}

export function hasTls(config: Config): boolean {
  return config["serving.tls_cert_file"] !== "" || config["serving.tls_key_file"] !== "";
}

/** @throws AppError failed_precondition when they are not set or can't be read */
export function readTlsFiles(config: Config): TlsFiles {
  return { cert: readFile(config, "serving.tls_cert_file"), key: readFile(config, "serving.tls_key_file") };
}

/** The public part, for who must know whom to trust. */
export function readCertificate(config: Config): string {
  return readFile(config, "serving.tls_cert_file");
}

function readFile(config: Config, setting: "serving.tls_cert_file" | "serving.tls_key_file"): string {
  const path = config[setting];
  if (path === "") {
    throw new AppError("failed_precondition", `Cannot serve over TLS: ${setting} is not set`, {
      hint:
        "Set serving.tls_cert_file and serving.tls_key_file to PEM files, or create the endpoint with tls: false.",
    });
  }
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new AppError(
      "failed_precondition",
      `Cannot read ${path} (${setting}): ${(error as Error).message}`,
      {
        hint: "It must be a PEM file that this user can read.",
      },
    );
  }
}

export function certificateHash({ cert }: Pick<TlsFiles, "cert">): string {
  return sha256Hex(new TextEncoder().encode(cert));
}
