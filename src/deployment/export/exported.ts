/** What an exported endpoint is, for the files that are written around it. */
export interface Exported {
  endpoint: string;
  model_id: string;
  /** Of the endpoint: 1, 2, 3, … */
  version: number;
  artifact_sha256: string;
  artifact_bytes: number;
  replicas: number;
  /** SHA-256 (hex) of the keys that open it; empty when it is open to all. */
  api_key_sha256: readonly string[];
  rate_limit_per_s: number | null;
  /** False: this program runs from source, and the binary must be added by hand. */
  has_binary: boolean;
}

export type Target = "docker" | "compose" | "kubernetes";

/** Where the server listens inside its container. */
export const PORT = 8080;
/** The user `nonroot` of distroless images. */
export const USER = 65532;

export function imageOf({ endpoint, version }: Exported): string {
  return `mlmcp-${endpoint.replaceAll("_", "-")}:v${version}`;
}

/** Mebibytes: the runtime's own, and the model as bytes, decoded and while it is swapped. */
export function memoryOf({ artifact_bytes }: Exported): { request_mb: number; limit_mb: number } {
  const model_mb = artifact_bytes / 2 ** 20;
  return { request_mb: Math.ceil(128 + 3 * model_mb), limit_mb: Math.ceil(384 + 8 * model_mb) };
}

/** What `mlmcp serve` reads from its environment. */
export function environmentOf(exported: Exported): Record<string, string> {
  const { api_key_sha256, rate_limit_per_s } = exported;
  return {
    ...(api_key_sha256.length > 0 ? { MLMCP_API_KEY_SHA256: api_key_sha256.join(",") } : {}),
    ...(rate_limit_per_s === null ? {} : { MLMCP_RATE_LIMIT_PER_S: String(rate_limit_per_s) }),
  };
}
