/** Every text file of an exported folder, by its path in it. */
import { composeFile } from "./compose.ts";
import { dockerfile, DOCKERIGNORE } from "./dockerfile.ts";
import type { Exported, Target } from "./exported.ts";
import { kubernetesFiles } from "./kubernetes.ts";
import { exportReadme } from "./readme.ts";

const EXTRA: Record<Target, (exported: Exported) => Record<string, string>> = {
  docker: () => ({}),
  compose: (exported) => ({ "compose.yaml": composeFile(exported) }),
  kubernetes: (exported) =>
    Object.fromEntries(
      Object.entries(kubernetesFiles(exported)).map(([name, text]) => [`kubernetes/${name}`, text]),
    ),
};

export function exportFiles(exported: Exported, target: Target): Record<string, string> {
  const files: Record<string, string> = {
    "Dockerfile": dockerfile(exported),
    ".dockerignore": DOCKERIGNORE,
    ...EXTRA[target](exported),
  };
  const all = [...Object.keys(files), "model.safetensors", ...(exported.has_binary ? ["mlmcp"] : [])];
  return { ...files, "README.md": exportReadme(exported, target, all.sort()) };
}
