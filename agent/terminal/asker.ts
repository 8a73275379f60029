/** Questions at a terminal: written to stderr, answered by a line on stdin. */
import type { Asker } from "../ask.ts";
import type { Question } from "../planner/plan.ts";
import type { Screen } from "./screen.ts";

export interface Keyboard {
  /** The next line without its end; null at the end of the input, or when interrupted. */
  readLine(): Promise<string | null>;
}

/** At most so many choices are numbered; any other may be typed. */
const SHOWN = 15;

export function openAsker(screen: Screen, keyboard: Keyboard): Asker {
  const line = async (prompt: string) => {
    screen.prompt(prompt);
    try {
      return await keyboard.readLine();
    } finally {
      screen.answered();
    }
  };
  return {
    line,
    async confirm(question) {
      for (;;) {
        const answer = await line(`${screen.paint(question, "bold")} [y/N] `);
        if (answer === null || /^(n|no|)$/i.test(answer.trim())) return false;
        if (/^(y|yes)$/i.test(answer.trim())) return true;
      }
    },
    async choose(question: Question) {
      screen.line(screen.paint(question.question, "bold"));
      screen.line(`  ${question.reason}`);
      const shown = question.choices.slice(0, SHOWN);
      shown.forEach((choice, i) => {
        screen.line(
          `  ${String(i + 1).padStart(2)}  ${choice.value}${
            choice.detail ? `  ${screen.paint(choice.detail, "dim")}` : ""
          }`,
        );
      });
      if (question.choices.length > SHOWN) {
        screen.line(`      and ${question.choices.length - SHOWN} more: type the name`);
      }
      for (;;) {
        const answer = (await line(shown.length > 0 ? "Number or name: " : "> "))?.trim();
        if (answer === undefined) return null;
        if (answer === "" || answer === "quit") return null;
        const byNumber = /^\d+$/.test(answer) ? shown[Number(answer) - 1] : undefined;
        if (byNumber) return byNumber.value;
        const byName = question.choices.find((choice) => choice.value.toLowerCase() === answer.toLowerCase());
        if (byName) return byName.value;
        if (question.about === "dataset" && !/^\d+$/.test(answer)) return answer;
        screen.line(`  There is no "${answer}" among them.`);
      }
    },
  };
}

/** Lines of stdin; a waiting read is given up when the signal is aborted. */
export function openKeyboard(signal: AbortSignal): Keyboard {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(4096);
  let kept = "";
  let ended = false;
  const interrupted = new Promise<null>((done) => {
    if (signal.aborted) done(null);
    signal.addEventListener("abort", () => done(null), { once: true });
  });
  return {
    async readLine() {
      for (;;) {
        const end = kept.indexOf("\n");
        if (end >= 0) {
          const line = kept.slice(0, end).replace(/\r$/, "");
          kept = kept.slice(end + 1);
          return line;
        }
        if (ended || signal.aborted) return null;
        const read = await Promise.race([Deno.stdin.read(chunk), interrupted]);
        if (read === null) ended = !signal.aborted;
        else kept += decoder.decode(chunk.subarray(0, read), { stream: true });
        if (read === null && kept.indexOf("\n") < 0) return kept === "" ? null : kept;
      }
    },
  };
}
