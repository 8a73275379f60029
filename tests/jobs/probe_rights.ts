/** One more message for a Worker of tasks: try every right, and tell what was denied. */
self.addEventListener("message", async (event) => {
  if ((event as MessageEvent).data.name !== "probe") return;
  event.stopImmediatePropagation();
  const attempts: Record<string, () => unknown> = {
    read: () => Deno.readTextFileSync("/etc/hostname"),
    write: () => Deno.writeTextFileSync("/tmp/mlmcp-must-not-exist", "x"),
    listen: () => Deno.listen({ port: 0 }),
    connect: () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
    env: () => Deno.env.get("HOME"),
    run: () => new Deno.Command("true").outputSync(),
    sys: () => Deno.hostname(),
    ffi: () => Deno.dlopen("libc.so.6", {}),
    // Put together, since a literal would be loaded with the module.
    import: () => import(["https:", "", "example.invalid", "x.js"].join("/")),
  };
  const allowed: string[] = [];
  for (const [right, attempt] of Object.entries(attempts)) {
    try {
      await attempt();
      allowed.push(right);
    } catch (error) {
      const denied = error instanceof Deno.errors.NotCapable ||
        /Requires|denied|NotCapable/.test(String(error));
      if (!denied) allowed.push(`${right}: ${error}`);
    }
  }
  (self as unknown as { postMessage(message: unknown): void }).postMessage({ type: "probed", allowed });
}, true);
