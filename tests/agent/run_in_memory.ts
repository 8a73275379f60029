/** A run against the fake servers, in a home of its own. */
import { join } from "node:path";
import { createHome, type Home } from "@/shared/home.ts";
import type { Asker } from "../../agent/ask.ts";
import { Journal } from "../../agent/journal.ts";
import { type AgentOptions, withDefaults } from "../../agent/options.ts";
import { carryOut, type Outcome, type RunParts } from "../../agent/orchestrator.ts";
import type { Reporter } from "../../agent/reporter.ts";
import { resultOf, type RunResult } from "../../agent/result.ts";
import { fakeServers, newWorld, type World } from "./fake_servers.ts";

export interface Told extends Reporter {
  lines: string[];
}

export function silentReporter(): Told {
  const lines: string[] = [];
  return {
    lines,
    stepStarted: (step) => void lines.push(`${step} started`),
    progress: () => {},
    stepEnded: (step, status) => void lines.push(`${step} ${status}`),
    stepKept: (step) => void lines.push(`${step} kept`),
    assumed: ({ about, value }) => void lines.push(`assumed ${about}=${value}`),
    note: (text) => void lines.push(text),
    close: () => {},
  };
}

/** Someone who gives these answers, one after the other. */
export function scriptedAsker(answers: (string | null)[]): Asker & { asked: string[] } {
  const asked: string[] = [];
  const next = () => answers.shift() ?? null;
  return {
    asked,
    choose(question) {
      asked.push(question.question);
      return Promise.resolve(next());
    },
    confirm(question) {
      asked.push(question);
      return Promise.resolve(next() === "yes");
    },
    line: () => Promise.resolve(next()),
  };
}

export interface Stage {
  home: Home;
  journal: Journal;
  world: World;
  told: Told;
  newRun(request: string, options?: Partial<AgentOptions>): string;
  work(run_id: string, more?: Partial<RunParts>): Promise<Outcome>;
  result(run_id: string): RunResult;
}

/** Sets up a home and the fakes, and takes them down again. */
export async function onStage(work: (stage: Stage) => Promise<void>, world = newWorld()): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mlmcp-agent-" });
  const home = createHome(join(folder, "home"));
  const journal = new Journal(home);
  const told = silentReporter();
  try {
    await work({
      home,
      journal,
      world,
      told,
      newRun: (request, options = {}) => journal.createRun(request, withDefaults(options)).run_id,
      async work(run_id, more = {}) {
        world.run_id = run_id;
        const servers = fakeServers(world);
        try {
          return await carryOut(run_id, {
            journal,
            servers,
            reporter: told,
            asker: null,
            folders: { cwd: "/data", user: "/users/me" },
            commandLine: (args) => `mlmcp ${args}`,
            signal: new AbortController().signal,
            clock: { now: () => Date.now(), sleep: () => Promise.resolve() },
            ...more,
          });
        } finally {
          await servers.close();
        }
      },
      result: (run_id) => resultOf(journal, run_id),
    });
  } finally {
    journal.close();
    await Deno.remove(folder, { recursive: true });
  }
}
