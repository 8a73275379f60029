/** Numbers that a script beside this file made. Read, not imported: the compiler need not type every number. */
export function readReference<T>(file: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(file, import.meta.url)));
}
