/** How a run goes, on stderr: a live line with a bar on a terminal, plain lines elsewhere. */
import type { Assumption } from "../planner/plan.ts";
import type { Reporter } from "../reporter.ts";
import { positionOf, STEP_NAMES, type StepName, type StepStatusWord } from "../step_names.ts";
import type { Screen } from "./screen.ts";

export interface ProgressOptions {
  screen: Screen;
  /** Milliseconds. */
  now(): number;
  /** Only the questions are asked, nothing is told. */
  quiet: boolean;
}

/** Elsewhere than on a terminal, so often at most. */
const PLAIN_EVERY_MS = 5000;
const REDRAW_MS = 120;
const BAR = 20;
const WIDTH = Math.max(...STEP_NAMES.map((name) => name.length));

const MARKS = {
  succeeded: ["✓", "green"],
  refused: ["✗", "yellow"],
  declined: ["–", "yellow"],
  failed: ["✗", "red"],
} as const;

export function openProgress({ screen, now, quiet }: ProgressOptions): Reporter {
  let current: { step: StepName; text: string; started: number } | null = null;
  let at = { done: 0, total: 0, message: "" };
  let lastPlain = 0;
  let timer: ReturnType<typeof setInterval> | undefined;

  const label = (step: StepName) => `${positionOf(step)}/${STEP_NAMES.length} ${step.padEnd(WIDTH)}`;
  const draw = () => {
    if (!current) return;
    const share = at.total > 0 ? Math.min(1, at.done / at.total) : null;
    const bar = share === null
      ? ""
      : `${screen.paint("█".repeat(Math.round(share * BAR)), "cyan")}${
        "░".repeat(BAR - Math.round(share * BAR))
      } ${String(Math.floor(share * 100)).padStart(3)} %  `;
    const time = screen.paint(seconds(now() - current.started), "dim");
    screen.liveLine(
      `  ${screen.paint(label(current.step), "bold")}  ${bar}${at.message || current.text}  ${time}`,
    );
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    current = null;
    screen.clear();
  };
  const say = (text: string) => {
    if (!quiet) screen.line(text);
  };

  return {
    stepStarted(step, text) {
      stop();
      current = { step, text, started: now() };
      at = { done: 0, total: 0, message: "" };
      lastPlain = now();
      if (quiet) return;
      if (screen.live) {
        draw();
        timer = setInterval(draw, REDRAW_MS);
      } else screen.line(`[${label(step).trimEnd()}] ${text}`);
    },
    progress(done, total, message) {
      at = { done, total, message };
      if (quiet || !current) return;
      if (screen.live) return draw();
      if (now() - lastPlain < PLAIN_EVERY_MS) return;
      lastPlain = now();
      const share = total > 0 ? `${Math.floor(100 * Math.min(1, done / total))} % ` : "";
      screen.line(`[${label(current.step).trimEnd()}] ${share}${message || current.text}`);
    },
    stepEnded(step, status, text, duration_ms) {
      stop();
      const [mark, colour] = MARKS[status as keyof typeof MARKS] ?? ["·", "yellow"];
      const time = screen.paint(seconds(duration_ms), "dim");
      if (screen.live) say(`  ${screen.paint(`${label(step)} ${mark}`, colour)} ${text}  ${time}`);
      else say(`[${label(step).trimEnd()}] ${wordOf(status)} in ${seconds(duration_ms)}: ${text}`);
    },
    stepKept(step, text) {
      if (screen.live) {
        say(`  ${screen.paint(`${label(step)} ✓`, "dim")} ${text}  ${screen.paint("(done before)", "dim")}`);
      } else say(`[${label(step).trimEnd()}] done before: ${text}`);
    },
    assumed({ about, value, reason }: Assumption) {
      say(`  ${screen.paint("assumed", "dim")} ${about} = ${screen.paint(value, "bold")} (${reason})`);
    },
    note: say,
    close: stop,
  };
}

function wordOf(status: StepStatusWord): string {
  return status === "succeeded" ? "done" : status;
}

/** `0.4 s`, `12 s`, `3 min 05 s`. */
export function seconds(ms: number): string {
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.round(s)} s`;
  return `${Math.floor(s / 60)} min ${String(Math.floor(s % 60)).padStart(2, "0")} s`;
}
