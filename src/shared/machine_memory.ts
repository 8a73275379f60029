/** How much memory there is: for limits that the main thread sets and the narrowed Workers obey. */

/** Bytes of the machine, or of the container around this process where that is less. Needs `sys` and `read`. */
export function machineMemory(): number {
  return Math.min(Deno.systemMemoryInfo().total, ...CONTAINER_LIMITS.map(limitIn));
}

/** Linux control groups, version 2 and 1. Source: https://docs.kernel.org/admin-guide/cgroup-v2.html */
const CONTAINER_LIMITS = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

function limitIn(path: string): number {
  try {
    // "max" is no number: no limit.
    return Number(Deno.readTextFileSync(path)) || Infinity;
  } catch {
    return Infinity;
  }
}
