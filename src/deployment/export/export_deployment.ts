/** What serves on an endpoint, as a folder that serves it anywhere else. */
import type { CommandContext } from "@/shared/command.ts";
import { AppError } from "@/shared/errors.ts";
import { sourceRoot } from "@/shared/self_command.ts";
import type { Registry } from "@/registry/registry.ts";
import { knownEndpoint } from "../deploy.ts";
import type { EndpointRow, Records } from "../records.ts";
import type { Exported, Target } from "./exported.ts";
import { exportFiles } from "./export_files.ts";
import { statusOfKey } from "../new_key.ts";

export interface WrittenExport {
  path: string;
  model_id: string;
  version: number;
  /** Sorted; the program is among them unless it must be added by hand. */
  files: string[];
  has_binary: boolean;
}

/**
 * Writes the folder as a whole; one that was exported before is replaced.
 * @throws AppError failed_precondition when nothing serves there; already_exists for a folder with other files
 */
export async function exportDeployment(
  { records, registry, context }: { records: Records; registry: Registry; context: CommandContext },
  { endpoint: name, target, path }: { endpoint: string; target: Target; path: string },
): Promise<WrittenExport> {
  const endpoint = knownEndpoint(records, name);
  const live = records.live(name);
  if (!live) {
    throw new AppError("failed_precondition", `Cannot export endpoint "${name}": nothing is deployed there`, {
      hint: "Use deploy_model first.",
    });
  }
  if (!context.door) {
    throw new AppError("permission_denied", `Cannot write ${path}: this server may not write files by path`);
  }
  const artifact = registry.bytes(registry.find(live.model_id));
  const exported: Exported = {
    endpoint: name,
    model_id: live.model_id,
    version: live.version,
    artifact_sha256: live.artifact_sha256,
    artifact_bytes: artifact.length,
    replicas: endpoint.replicas,
    api_key_sha256: keysOf(records, endpoint),
    rate_limit_per_s: endpoint.rate_limit_per_s,
    // The images are Linux's; a program for another system would not start there.
    has_binary: sourceRoot() === null && Deno.build.os === "linux",
  };
  const encoder = new TextEncoder();
  const texts = Object.entries(exportFiles(exported, target)).map(([file, text]) =>
    [file, encoder.encode(text)] as const
  );
  const files = { ...Object.fromEntries(texts), "model.safetensors": artifact };
  await context.door.writeFolder(path, files, exported.has_binary);
  return {
    path,
    model_id: live.model_id,
    version: live.version,
    files: [...Object.keys(files), ...(exported.has_binary ? ["mlmcp"] : [])].sort(),
    has_binary: exported.has_binary,
  };
}

/** Exported, it has no supervisor that would end a key when its time comes: so only keys without an end. */
function keysOf(records: Records, { name, auth }: EndpointRow): string[] {
  if (auth === "none") return [];
  const keys = records.apiKeys(name).filter((key) => statusOfKey(key) === "active").map(({ sha256 }) =>
    sha256
  );
  if (keys.length > 0) return keys;
  throw new AppError("failed_precondition", `Cannot export endpoint "${name}": no key opens it for good`, {
    hint: "Make one with create_api_key, without expires_in_days.",
  });
}
