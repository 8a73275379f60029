/** Carries a run through its seven steps; what an earlier try has finished is taken from the journal. */
import { AppError, toWireError, type WireError } from "@/shared/errors.ts";
import type { CommandLine } from "./command_line.ts";
import { type Asker, MissingInformation } from "./ask.ts";
import type { Journal, RunError, RunRow, RunStatus } from "./journal.ts";
import { makePlan } from "./planner/make_plan.ts";
import type { Assumption, Decision, Plan } from "./planner/plan.ts";
import type { Folders } from "./planner/request_refs.ts";
import type { Reporter } from "./reporter.ts";
import type { Servers } from "./servers.ts";
import { type StepName, STEPS, type StepStatusWord } from "./step_names.ts";
import { Declined, deploy } from "./steps/deploy.ts";
import { countClasses, fetch, type Fetched } from "./steps/fetch.ts";
import { find, type Found } from "./steps/find.ts";
import type { Clock, StepContext, StepEnd } from "./steps/step.ts";
import { test, TestFailed } from "./steps/test.ts";
import { train } from "./steps/train.ts";
import { gateLine, validate, type Validation } from "./steps/validate.ts";
import { watch } from "./steps/watch.ts";

export interface RunParts {
  journal: Journal;
  servers: Servers;
  reporter: Reporter;
  /** Null when there is nobody to ask. */
  asker: Asker | null;
  folders: Folders;
  /** What the person types to go on. */
  commandLine: CommandLine;
  signal: AbortSignal;
  clock: Clock;
  /** Called at every boundary (`train:started`); a test stops the world there, as a kill would. */
  fault?(point: string): Promise<void>;
}

export interface Outcome {
  status: RunStatus;
  error: RunError | null;
}

/** The model did not reach the threshold. */
export class GateRefused extends AppError {
  constructor(validation: Validation, resume: string) {
    super("failed_precondition", `Cannot deploy: the gate refused the model (${gateLine(validation)})`, {
      hint: `Better data, another --algorithm or a lower bar may help. To lower it for this model: ${resume}`,
    });
  }
}

/**
 * Works on the run until it ends, well or not; never throws for what the servers or the person did.
 * The caller holds the run's lock.
 */
export async function carryOut(run_id: string, parts: RunParts): Promise<Outcome> {
  const { journal } = parts;
  journal.setRun(run_id, { status: "running", error: null });
  try {
    await new Run(journal.run(run_id), parts).allSteps();
    journal.setRun(run_id, { status: "succeeded" });
    return { status: "succeeded", error: null };
  } catch (error) {
    const status = statusOf(error, parts.signal);
    const wire: RunError = status === "interrupted"
      ? interruption(parts.commandLine(`agent resume ${run_id}`))
      : toWireError(error);
    if (error instanceof MissingInformation) wire.missing = [...error.questions];
    journal.setRun(run_id, { status, error: wire });
    if (wire.code === "internal" && !(error instanceof AppError)) console.error(error);
    return { status, error: wire };
  }
}

function statusOf(error: unknown, signal: AbortSignal): Exclude<StepStatusWord, "running" | "succeeded"> {
  if (error instanceof GateRefused) return "refused";
  if (signal.aborted) return "interrupted";
  return error instanceof Declined ? "declined" : "failed";
}

function interruption(resume: string): WireError {
  return {
    code: "cancelled",
    message: "Cannot go on: the run was interrupted",
    hint: `${resume} goes on with it.`,
  };
}

class Run {
  readonly #run: RunRow;
  readonly #parts: RunParts;
  readonly #options: RunRow["options"];

  constructor(run: RunRow, parts: RunParts) {
    this.#run = run;
    this.#parts = parts;
    this.#options = run.options;
  }

  async allSteps(): Promise<void> {
    const { servers, journal } = this.#parts;
    const done = (step: StepName) => journal.step(this.#run.run_id, step)?.status === "succeeded";
    if (!done("validate")) servers.warm("training");
    const found = await this.#step(
      "find",
      null,
      (context) => find(context, (decide) => this.#settle(decide)),
    );
    const fetched = await this.#step("fetch", null, (context) => fetch(context, found));
    const plan = await this.#plan(found, fetched);
    if (!this.#options.no_deploy && !done("watch")) servers.warm("deploy");
    const trained = await this.#step("train", "train_model", (context) => train(context, plan));
    const validation = await this.#step(
      "validate",
      "validate_model",
      (context) => validate(context, plan, trained),
    );
    if (this.#options.no_deploy) return;
    const deployed = await this.#step(
      "deploy",
      "deploy_model",
      (context) => deploy(context, plan, trained, validation),
    );
    await this.#step("test", "test_endpoint", (context) => test(context, deployed));
    await this.#step("watch", "get_deployment_status", (context) => watch(context, deployed));
  }

  async #step<T>(
    step: StepName,
    tool: string | null,
    work: (context: StepContext) => Promise<StepEnd<T>>,
  ): Promise<T> {
    const { journal, reporter, clock, signal } = this.#parts;
    const { run_id } = this.#run;
    const before = journal.step(run_id, step);
    if (before?.status === "succeeded" && before.result) {
      const { result, text } = before.result as unknown as StepEnd<T>;
      reporter.stepKept(step, text);
      return result;
    }
    await this.#fault(`${step}:before`);
    const { note } = journal.startStep(run_id, step, tool);
    await this.#fault(`${step}:started`);
    reporter.stepStarted(step, STEPS[step]);
    const started = clock.now();
    const end = (
      status: StepStatusWord,
      text: string,
      more: { result?: Record<string, unknown>; error?: WireError; tool?: string | null },
    ) => {
      const duration_ms = Math.round(clock.now() - started);
      journal.endStep(run_id, step, { status, duration_ms, ...more });
      reporter.stepEnded(step, status, text, duration_ms);
    };
    try {
      if (signal.aborted) throw new AppError("cancelled", "Cannot go on: the run was interrupted");
      const done = await work(this.#context(step, note));
      await this.#fault(`${step}:worked`);
      const kept = { result: done.result, text: done.text };
      if (step === "validate" && !(done.result as Validation).passed) {
        end("refused", done.text, { result: kept });
        throw new GateRefused(
          done.result as Validation,
          this.#parts.commandLine(`agent resume ${run_id} --min-score X`),
        );
      }
      end("succeeded", done.text, { result: kept, tool: done.tool ?? tool });
      await this.#fault(`${step}:ended`);
      return done.result;
    } catch (error) {
      if (error instanceof GateRefused) throw error;
      const status = statusOf(error, signal);
      const wire = toWireError(error);
      end(status, status === "interrupted" ? "interrupted" : wire.message, {
        error: wire,
        ...(error instanceof TestFailed ? { result: { result: error.result, text: wire.message } } : {}),
      });
      throw error;
    }
  }

  #context(step: StepName, note: Record<string, unknown>): StepContext {
    const { journal, servers, reporter, asker, folders, commandLine, signal, clock } = this.#parts;
    const { run_id, request } = this.#run;
    return {
      ...{
        run_id,
        request,
        options: this.#options,
        servers,
        reporter,
        asker,
        folders,
        commandLine,
        signal,
        clock,
        note,
      },
      keep: (more) => journal.noteStep(run_id, step, more),
    };
  }

  /** Decided once, after the data was seen; a resumed run keeps it. */
  async #plan(found: Found, fetched: Fetched): Promise<Plan> {
    const { journal } = this.#parts;
    const kept = journal.run(this.#run.run_id).plan;
    if (kept) return kept.plan;
    const { value, assumptions } = await this.#settle(() =>
      makePlan({
        request: found.request,
        options: this.#options,
        dataset: fetched.table,
        dataset_name: fetched.name,
        known_target: found.known_target ?? undefined,
        known_task: found.known_task ?? undefined,
        profile: fetched.profile,
        countClasses: (target) => countClasses(this.#parts, fetched.table, target),
      })
    );
    journal.setRun(this.#run.run_id, { plan: { plan: value, assumptions } });
    await this.#fault("plan:kept");
    return value;
  }

  /** Asks for what can't be known, or throws it as a list. */
  async #settle<T>(decide: () => Promise<Decision<T>>): Promise<{ value: T; assumptions: Assumption[] }> {
    const { asker, journal, reporter } = this.#parts;
    for (;;) {
      const decision = await decide();
      if (decision.kind === "decided") {
        for (const assumption of decision.assumptions) reporter.assumed(assumption);
        return decision;
      }
      if (!asker) throw new MissingInformation(decision.questions);
      for (const question of decision.questions) {
        const answer = await asker.choose(question);
        if (answer === null) throw new MissingInformation([question]);
        this.#options[question.about] = answer;
      }
      journal.setRun(this.#run.run_id, { options: this.#options });
    }
  }

  async #fault(point: string): Promise<void> {
    await this.#parts.fault?.(point);
  }
}
