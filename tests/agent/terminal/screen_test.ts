import assert from "node:assert/strict";
import { openAsker } from "../../../agent/terminal/asker.ts";
import { openProgress, seconds } from "../../../agent/terminal/progress.ts";
import { cut, Screen } from "../../../agent/terminal/screen.ts";

function screenOn(options: { live: boolean; colour?: boolean; columns?: number }) {
  const written: string[] = [];
  const screen = new Screen({
    write: (text) => void written.push(text),
    live: options.live,
    colour: options.colour ?? false,
    columns: options.columns ?? 60,
  });
  return { screen, written, text: () => written.join("") };
}

Deno.test("a live line is drawn over, cut to the width, and away while a person is asked", () => {
  const { screen, written, text } = screenOn({ live: true, columns: 10 });
  screen.liveLine("0123456789abc");
  assert.equal(written.at(-1), "\r\x1b[2K012345678");
  screen.prompt("sure? ");
  screen.liveLine("later");
  assert.ok(text().endsWith("\r\x1b[2Ksure? "));
  screen.answered();
  screen.liveLine("later");
  assert.ok(text().endsWith("\r\x1b[2Klater"));
});

Deno.test("colour codes take no room when a line is cut", () => {
  assert.equal(cut("\x1b[1mabcdef\x1b[0m", 3), "\x1b[1mabc\x1b[0m");
});

Deno.test("progress is one line a step where nothing can be drawn over, and no colours", () => {
  const { screen, text } = screenOn({ live: false });
  let time = 0;
  const progress = openProgress({ screen, now: () => time, quiet: false });
  progress.stepStarted("train", "training");
  progress.progress(1, 4, "fold 1");
  time = 6000;
  progress.progress(2, 4, "fold 2");
  progress.progress(3, 4, "fold 3");
  progress.stepEnded("train", "succeeded", "iris@1", 6200);
  progress.stepKept("validate", "passed");
  progress.close();
  assert.equal(
    text(),
    "[3/7 train] training\n[3/7 train] 50 % fold 2\n[3/7 train] done in 6.2 s: iris@1\n[4/7 validate] done before: passed\n",
  );
});

Deno.test("progress is a bar on a terminal", () => {
  const { screen, written } = screenOn({ live: true, columns: 100 });
  const progress = openProgress({ screen, now: () => 0, quiet: false });
  progress.stepStarted("train", "training");
  progress.progress(1, 4, "fold 1");
  progress.close();
  assert.ok(
    written.includes("\r\x1b[2K  3/7 train     █████░░░░░░░░░░░░░░░  25 %  fold 1  0.0 s"),
    written.join("\n"),
  );
});

Deno.test("quiet tells nothing", () => {
  const { screen, text } = screenOn({ live: true });
  const progress = openProgress({ screen, now: () => 0, quiet: true });
  progress.stepStarted("find", "finding");
  progress.progress(1, 2, "half");
  progress.stepEnded("find", "failed", "no", 1);
  progress.assumed({ about: "a", value: "b", reason: "c" });
  progress.close();
  assert.equal(text(), "");
});

Deno.test("a question takes a number, a name, or what is typed for a data set", async () => {
  const ask = async (about: "target" | "dataset", ...answers: (string | null)[]) => {
    const { screen, text } = screenOn({ live: false });
    const asker = openAsker(screen, { readLine: () => Promise.resolve(answers.shift() ?? null) });
    const choices = [{ value: "Price", detail: "number" }, { value: "Rooms", detail: "" }];
    const answer = await asker.choose({
      about,
      question: "Which?",
      reason: "unclear",
      choices,
      flag: "--target",
    });
    return { answer, text: text() };
  };
  assert.equal((await ask("target", "2")).answer, "Rooms");
  assert.equal((await ask("target", "price")).answer, "Price");
  const again = await ask("target", "9", "cellar", "1");
  assert.equal(again.answer, "Price");
  assert.match(again.text, /There is no "cellar" among them/);
  assert.equal((await ask("target", "")).answer, null);
  assert.equal((await ask("target", null)).answer, null);
  assert.equal((await ask("dataset", "my/data.csv")).answer, "my/data.csv");
});

Deno.test("only yes approves", async () => {
  const confirm = async (...answers: (string | null)[]) => {
    const { screen } = screenOn({ live: false });
    return await openAsker(screen, { readLine: () => Promise.resolve(answers.shift() ?? null) }).confirm(
      "Deploy?",
    );
  };
  assert.equal(await confirm("y"), true);
  assert.equal(await confirm("maybe", "YES"), true);
  assert.equal(await confirm(""), false);
  assert.equal(await confirm("no"), false);
  assert.equal(await confirm(null), false);
});

Deno.test("durations are shown with what matters", () => {
  assert.deepEqual([0, 940, 9_990, 12_400, 185_000].map(seconds), [
    "0.0 s",
    "0.9 s",
    "10.0 s",
    "12 s",
    "3 min 05 s",
  ]);
});
