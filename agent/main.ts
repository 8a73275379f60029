/** `mlmcp agent`: the host. It plans, asks, calls the three servers over MCP and keeps the journal. */
import { AppError } from "@/shared/errors.ts";
import type { Command, CommandContext } from "@/shared/command.ts";
import { createHome } from "@/shared/home.ts";
import type { Asker } from "./ask.ts";
import { type CommandLine, commandLineOf } from "./command_line.ts";
import { connectServers } from "./connect.ts";
import { HELP } from "./help.ts";
import { Journal, type RunStatus } from "./journal.ts";
import { type AgentOptions, optionsFromConfig, parseAgentArgs, withDefaults } from "./options.ts";
import { carryOut } from "./orchestrator.ts";
import { writeReport } from "./report.ts";
import { resultOf } from "./result.ts";
import { checkResume, newOptions } from "./resume.ts";
import { listRuns } from "./runs.ts";
import type { Clock } from "./steps/step.ts";
import { openAsker, openKeyboard } from "./terminal/asker.ts";
import { openProgress } from "./terminal/progress.ts";
import { Screen } from "./terminal/screen.ts";
import { summaryOf } from "./terminal/summary.ts";

export const command: Command = {
  help: HELP,
  async run(context) {
    const wanted = parseAgentArgs(context.args);
    const inConfig = optionsFromConfig(context.agentOptions, context.configFile);
    createHome(context.home.path);
    const journal = new Journal(context.home);
    try {
      const agent = new Agent(context, journal);
      if (wanted.kind === "runs") {
        print(listRuns(journal, context.json));
        return 0;
      }
      if (wanted.kind === "show") return await agent.show(wanted.run);
      if (wanted.kind === "resume") return await agent.resume(wanted.run, wanted.given);
      const options = withDefaults(inConfig.given, wanted.given);
      const request = wanted.request || inConfig.request;
      if (request !== "") return await agent.start(request, options);
      if (options.dataset !== undefined) return await agent.start(requestFrom(options), options);
      return await agent.converse(options);
    } finally {
      journal.close();
    }
  },
};

function requestFrom({ dataset, target }: AgentOptions): string {
  return target === undefined ? `predict from ${dataset}` : `predict ${target} from ${dataset}`;
}

const EXIT_CODES: Record<RunStatus, number> = {
  succeeded: 0,
  failed: 1,
  refused: 3,
  declined: 4,
  interrupted: 130,
  running: 1,
};

class Agent {
  readonly #context: CommandContext;
  readonly #journal: Journal;
  readonly #screen: Screen;
  readonly #asker: Asker | null;
  readonly #commandLine: CommandLine;

  constructor(context: CommandContext, journal: Journal) {
    this.#context = context;
    this.#journal = journal;
    const plain = context.env.TERM === "dumb";
    const live = context.stderrIsTerminal && !plain;
    this.#screen = new Screen({
      write: writeTo(Deno.stderr),
      live,
      colour: live && !context.env.NO_COLOR,
      // Some terminals say that they have no width.
      columns: context.columns >= 20 ? context.columns : 80,
    });
    this.#commandLine = commandLineOf(context);
    const someone = context.stdinIsTerminal && context.stderrIsTerminal;
    this.#asker = someone ? openAsker(this.#screen, openKeyboard(context.signal)) : null;
  }

  async start(request: string, options: AgentOptions): Promise<number> {
    refusePlanner(options);
    return await this.#work(this.#journal.createRun(request, options).run_id);
  }

  async resume(name: string, given: Partial<AgentOptions>): Promise<number> {
    const run = this.#journal.run(name);
    const options = newOptions(run.options, given);
    refusePlanner(options);
    return await this.#work(run.run_id, () => {
      const kept = this.#journal.run(run.run_id);
      const steps = this.#journal.steps(run.run_id);
      this.#journal.setRun(run.run_id, { options, plan: checkResume(kept, steps, given) });
    });
  }

  async show(name: string): Promise<number> {
    const { run_id } = this.#journal.run(name);
    await this.#print(run_id, { steps: true });
    return 0;
  }

  /** Asks what to predict, works, asks again. */
  async converse(options: AgentOptions): Promise<number> {
    if (!this.#asker || this.#context.json) {
      throw new AppError("invalid_argument", "Cannot start a run: there is no request", {
        hint: 'For example: mlmcp agent "predict the species of a penguin". mlmcp agent --help shows more.',
      });
    }
    this.#screen.line("What shall be predicted? For example: predict the species of a penguin. quit leaves.");
    let code = 0;
    for (;;) {
      const line = await this.#asker.line(this.#screen.paint("> ", "cyan"));
      const request = line?.trim();
      if (request === undefined || /^(quit|exit|q|bye)$/i.test(request)) {
        return this.#context.signal.aborted ? 130 : code;
      }
      if (request !== "") code = await this.start(request, { ...options });
      if (this.#context.signal.aborted) return 130;
    }
  }

  /** @param before what must happen once the run is ours alone */
  async #work(run_id: string, before: () => void = () => {}): Promise<number> {
    const { signal, cwd, env } = this.#context;
    const lock = this.#journal.lock(run_id);
    if (!lock) {
      throw new AppError(
        "failed_precondition",
        `Cannot work on ${run_id}: another process is working on it`,
        {
          hint: `Wait for it, or end it; mlmcp agent show ${run_id} tells how far it is.`,
        },
      );
    }
    const servers = connectServers(this.#context, run_id);
    const reporter = openProgress({
      screen: this.#screen,
      now: () => performance.now(),
      quiet: this.#context.quiet,
    });
    try {
      before();
      reporter.note(`run ${run_id}`);
      const { error } = await carryOut(run_id, {
        journal: this.#journal,
        servers,
        reporter,
        asker: this.#asker,
        folders: { cwd, user: env.HOME },
        commandLine: this.#commandLine,
        signal,
        clock: CLOCK,
      });
      reporter.close();
      const code = await this.#print(run_id, { keep: true });
      const usage = error?.missing !== undefined ||
        (error !== null && this.#askedWrongly(run_id, error.code));
      return code === 1 && usage ? 2 : code;
    } finally {
      reporter.close();
      lock.release();
      await servers.close();
    }
  }

  /** Whether an option was refused (2), rather than the data or the work having failed (1). */
  #askedWrongly(run_id: string, code: string): boolean {
    const last = this.#journal.steps(run_id).at(-1);
    // The training-server says so of a name of an algorithm or a metric that it does not know.
    const refused = last?.step === "train" && Object.keys(last.note).length === 0;
    if (refused && code === "not_found") return true;
    if (code !== "invalid_argument") return false;
    return refused || last?.step === "find" || (last?.step === "fetch" && last.status === "succeeded");
  }

  async #print(run_id: string, { keep = false, steps = false }): Promise<number> {
    const result = resultOf(this.#journal, run_id);
    const folder = this.#journal.folder(run_id);
    if (keep) await writeReport(folder, result, this.#commandLine);
    if (this.#context.json) print(JSON.stringify(result, null, 2) + "\n");
    else {
      const colour = this.#context.stdoutIsTerminal && !this.#context.env.NO_COLOR;
      print(summaryOf(result, { colour, folder, commandLine: this.#commandLine, steps }));
    }
    return EXIT_CODES[result.status];
  }
}

function refusePlanner({ planner, llm }: AgentOptions): void {
  if (planner !== "llm" && llm === undefined) return;
  throw new AppError("unimplemented", "Cannot plan with a language model: this version has no such planner", {
    hint: "Leave --llm and --planner llm out: --planner rules reads the request and the data without one.",
  });
}

const CLOCK: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((done) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        done();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end, { once: true });
    }),
};

function print(text: string): void {
  writeTo(Deno.stdout)(text);
}

function writeTo(stream: { writeSync(bytes: Uint8Array): number }): (text: string) => void {
  return (text) => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  };
}
