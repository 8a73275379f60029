/**
 * Tries each right for real, from inside the replica: what `GET /control/rights` answers. Before the rights are
 * given up every one is allowed, so a probe that could never say "allowed" would be seen in its test.
 */
export type RightsReport = Record<string, "denied" | "allowed">;

const PROBES: Record<string, () => unknown> = {
  read: () => Deno.readFileSync(Deno.build.os === "windows" ? "C:\\Windows\\win.ini" : "/etc/passwd"),
  write: () => {
    const path = `${Deno.build.os === "windows" ? "C:\\" : "/tmp/"}mlmcp-probe-${crypto.randomUUID()}`;
    Deno.writeTextFileSync(path, "", { createNew: true });
    Deno.removeSync(path);
  },
  listen: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
  connect: async () => (await Deno.connect({ hostname: "127.0.0.1", port: 9 })).close(),
  resolve: () => Deno.resolveDns("localhost", "A"),
  env: () => Deno.env.get("PATH"),
  subprocess: () => new Deno.Command("true").outputSync(),
  sys: () => Deno.hostname(),
  ffi: () => Deno.dlopen("libc.so.6", {}).close(),
  // Put together here, so that a bundler does not try to fetch it. Port 9 (discard) on this machine.
  remote_import: () => import(["https:", "", "127.0.0.1:9", "none.js"].join("/")),
};

export async function probeRights(): Promise<RightsReport> {
  const report: RightsReport = {};
  for (const [name, attempt] of Object.entries(PROBES)) {
    try {
      await attempt();
      report[name] = "allowed";
    } catch (error) {
      // Any other failure means that the permission system let it through.
      const refused = error instanceof Deno.errors.NotCapable ||
        (error instanceof TypeError && /^Requires \w+ access/.test(error.message));
      report[name] = refused ? "denied" : "allowed";
    }
  }
  return report;
}
