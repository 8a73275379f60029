/** In a file of its own, which Workers load that must be there at once. */
const ALL = ["read", "write", "net", "env", "run", "sys", "ffi", "import"] as const;

/** Gives up every right of this process for good, but those named. */
export function revokeAllRights(except: readonly (typeof ALL)[number][] = []): void {
  for (const name of ALL) {
    if (!except.includes(name)) Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
  }
}
