/** A folder of files that is there as a whole or not at all: written beside, flushed, renamed. */
import { basename, dirname, join } from "node:path";
import { diskError, syncFolder, writeAtomic } from "./atomic_file.ts";
import { AppError } from "./errors.ts";

/** Stands in every folder that `writeFolder` has written, and allows it to be replaced. */
export const MARKER = ".mlmcp-export";

/**
 * @param files by path inside the folder, with `/`
 * @param program also writes this file, which may be run, to that name inside the folder
 * @throws AppError already_exists for a folder with files that were not written by this; what is there stays
 */
export async function writeFolder(
  path: string,
  files: Record<string, Uint8Array>,
  program: { from: string; name: string } | null,
): Promise<void> {
  const old = await stateOf(path);
  if (old === "foreign") {
    throw new AppError("already_exists", `Cannot write the folder ${path}: it holds other files`, {
      hint: "Give a folder that is new or empty; one that was exported before is replaced.",
    });
  }
  const id = crypto.randomUUID();
  const beside = join(dirname(path), `.${basename(path)}.${id}.tmp`);
  const aside = join(dirname(path), `.${basename(path)}.${id}.old`);
  try {
    await Deno.mkdir(beside, { recursive: true });
    if (program) {
      await Deno.copyFile(program.from, join(beside, program.name));
      if (Deno.build.os !== "windows") await Deno.chmod(join(beside, program.name), 0o755);
    }
    for (const [name, bytes] of Object.entries({ ...files, [MARKER]: new Uint8Array(0) })) {
      const file = join(beside, ...name.split("/"));
      await Deno.mkdir(dirname(file), { recursive: true });
      await writeAtomic(file, bytes);
    }
    if (old !== "none") await Deno.rename(path, aside);
    await Deno.rename(beside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await Deno.remove(beside, { recursive: true }).catch(() => {});
    throw diskError(error, "write", path);
  }
  await Deno.remove(aside, { recursive: true }).catch(() => {});
}

async function stateOf(path: string): Promise<"none" | "ours" | "foreign"> {
  try {
    const info = await Deno.lstat(path);
    if (!info.isDirectory) return "foreign";
    let empty = true;
    for await (const entry of Deno.readDir(path)) {
      if (entry.name === MARKER) return "ours";
      empty = false;
    }
    return empty ? "ours" : "foreign";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "none";
    throw diskError(error, "read", path);
  }
}
