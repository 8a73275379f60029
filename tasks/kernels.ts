/**
 * Builds src/kernels/kernels.wasm from the AssemblyScript beside it. The result is committed, so that nobody who runs
 * mlmcp needs the compiler; the same sources give the same bytes.
 *
 *   deno task kernels
 */
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const FOLDER = fileURLToPath(new URL("../src/kernels/", import.meta.url));

const OPTIONS = [
  "kernels.as.ts",
  ...["--outFile", "kernels.wasm", "--baseDir", FOLDER],
  ...["--optimizeLevel", "3", "--noAssert", "--runtime", "stub", "--use", "abort="],
  ...["--enable", "simd,threads,bulk-memory"],
  ...["--importMemory", "--sharedMemory", "--initialMemory", "65536", "--maximumMemory", "65536"],
];

/** The bytes of kernels.wasm. @throws Error with what the compiler says */
export async function buildKernels(): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  const { error, stderr } = await asc.main(OPTIONS, {
    readFile: (name, folder) => {
      try {
        return Deno.readTextFileSync(`${folder}/${name}`);
      } catch {
        return null;
      }
    },
    writeFile: (_name, contents) => {
      bytes = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || !bytes) throw new Error(`the kernels can't be built: ${stderr.toString()}`, { cause: error });
  return bytes;
}

if (import.meta.main) {
  const bytes = await buildKernels();
  await Deno.writeFile(`${FOLDER}kernels.wasm`, bytes);
  console.log(`src/kernels/kernels.wasm: ${bytes.length} bytes`);
}
