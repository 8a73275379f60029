import assert from "node:assert/strict";
import { createHome } from "@/shared/home.ts";
import { tryLock } from "@/shared/process_lock.ts";

Deno.test("tryLock() has one holder, and the kernel frees the lock of a killed process", async () => {
  const folder = await Deno.makeTempDir();
  const home = createHome(folder);
  const code = `
    const { tryLock } = await import(${
    JSON.stringify(new URL("../../src/shared/process_lock.ts", import.meta.url).href)
  });
    const lock = tryLock(${JSON.stringify(home)}, "one");
    console.log(lock ? "held" : "refused");
    setTimeout(() => {}, 60000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", code],
    cwd: new URL("../..", import.meta.url),
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const reader = child.stdout.getReader();
    assert.match(new TextDecoder().decode((await reader.read()).value), /held/);
    assert.equal(tryLock(home, "one"), null);
    const other = tryLock(home, "two");
    assert.ok(other);
    other.release();
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    const mine = tryLock(home, "one");
    assert.ok(mine);
    assert.equal(tryLock(home, "one"), null);
    mine.release({ forget: true });
  } finally {
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
});
