import assert from "node:assert/strict";
import { openFixedMemory, openMemory } from "@/kernels/kernels_memory.ts";
import { openThreads } from "@/kernels/threads.ts";

/** A text of so many lines in the memory of the kernels, and how long its whole lines are. */
function putText(threads: ReturnType<typeof openThreads>, lines: number): { input: number; length: number } {
  const text = new TextEncoder().encode("abc\n".repeat(lines) + "no end");
  const input = threads.kernels.allocate(text.length + 64);
  new Uint8Array(threads.memory.buffer, input, text.length).set(text);
  return { input, length: text.length };
}

for (const size of [1, 3]) {
  Deno.test(`${size} threads give the results of tasks in the order asked`, () => {
    using threads = openThreads(size);
    const { input, length } = putText(threads, 500);
    for (let round = 0; round < 40; round++) {
      const tasks = Array.from({ length: 200 }, (_, i) => threads.submit("csv_cut", input, i * 4 + 5));
      assert.deepEqual(tasks.map((task) => threads.wait(task)), tasks.map((_, i) => i * 4 + 4));
    }
    assert.equal(threads.wait(threads.submit("csv_cut", input, length)), 2000);
  });
}

Deno.test("a thread that sleeps is woken by a task", async () => {
  using threads = openThreads(2);
  const { input } = putText(threads, 5);
  const turn = () => new Promise((done) => setTimeout(done));
  for (let round = 0; round < 3; round++) {
    // `wait` would do it itself: only the other thread can do it here.
    const task = threads.submit("csv_cut", input, 9);
    while (!threads.isDone(task)) await turn();
    assert.equal(threads.wait(task), 8);
    while (threads.asleep === 0) await turn();
  }
});

Deno.test("a task that traps fails for the one who waits, and the threads go on", () => {
  using threads = openThreads(2);
  const { input } = putText(threads, 5);
  const tasks = [threads.submit("csv_cut", 0xfffffff0, 1000), threads.submit("csv_cut", input, 9)];
  assert.throws(() => threads.wait(tasks[0]), /csv_cut failed/);
  assert.equal(threads.wait(tasks[1]), 8);
});

Deno.test("the kernels work on a memory that grows as on one of fixed size", () => {
  for (const open of [openMemory, openFixedMemory]) {
    using threads = openThreads(2, open());
    const started = threads.memory.buffer.byteLength;
    const { input, length } = putText(threads, 5);
    assert.equal(threads.wait(threads.submit("csv_cut", input, length)), 20);
    const place = threads.kernels.reserve(2 ** 20) >>> 0;
    assert.ok(threads.memory.buffer.byteLength >= place + 2 ** 20);
    assert.ok(started < 2 ** 20 || threads.memory.buffer.byteLength === started);
  }
});
