/** Step 3: a training job, started once however often this step is tried. */
import { AppError } from "@/shared/errors.ts";
import type { Plan } from "../planner/plan.ts";
import { ConnectionLost } from "../servers.ts";
import { errorFrom, read, TrainingJob } from "../tool_results.ts";
import { callOptions, type StepContext, type StepEnd } from "./step.ts";

export type Trained = TrainingJob & { model_id: string };

const WAIT_S = 20;

/** The checks accuse the data, and the person has not decided what shall happen. */
export class FindingsRefused extends AppError {
  constructor(refusal: AppError, resume: string) {
    super("failed_precondition", refusal.message, {
      hint: `${refusal.hint}\n${resume} --exclude COLUMN leaves a column out, ` +
        "--split-by-group COLUMN keeps groups together, --ignore-findings CHECK trains all the same.",
      cause: refusal,
    });
  }
}

export async function train(context: StepContext, plan: Plan): Promise<StepEnd<Trained>> {
  const job_id = typeof context.note.job_id === "string"
    ? context.note.job_id
    : await findJob(context) ?? await askAndStart(context, plan);
  context.keep({ job_id });
  const job = await waitFor(context, job_id);
  for (const { severity, message } of job.findings) {
    if (severity !== "info") {
      context.reporter.note(`${severity === "error" ? "ignored" : severity}: ${message}`);
    }
  }
  const score = job.metrics[plan.metric];
  return {
    result: job,
    text: `${job.model_id}: ${job.algorithm}${
      score === undefined ? "" : `, ${plan.metric} ${score.toFixed(4)}`
    }`,
  };
}

/** A job that this run has asked for, although the answer never reached the journal. */
async function findJob({ servers, run_id, signal }: StepContext): Promise<string | null> {
  const answer = await servers.call("training", "list_training_jobs", { run_id, limit: 50 }, { signal });
  const jobs = Array.isArray(answer.jobs) ? answer.jobs : [];
  const mine = jobs.map((job) => read(TrainingJob, "list_training_jobs", job))
    .find((job) => job.run_id === run_id && ["queued", "running", "succeeded"].includes(job.status));
  return mine?.job_id ?? null;
}

/** What to leave out is the person's decision: without one at a terminal, or with --yes, a refusal ends the run. */
async function askAndStart(context: StepContext, plan: Plan): Promise<string> {
  let exclude = context.options.exclude ?? excludedBefore(context.note);
  for (;;) {
    try {
      return await startJob(context, plan, exclude);
    } catch (error) {
      if (!(error instanceof AppError) || !isRefusal(error)) throw error;
      const more = context.options.yes ? [] : await askWhatToExclude(context, error);
      if (more.length === 0) {
        throw new FindingsRefused(error, context.commandLine(`agent resume ${context.run_id}`));
      }
      exclude = [...exclude, ...more];
      context.keep({ exclude });
      context.reporter.assumed({ about: "exclude", value: exclude.join(", "), reason: "you left them out" });
    }
  }
}

function excludedBefore({ exclude }: StepContext["note"]): string[] {
  return Array.isArray(exclude) ? exclude.map(String) : [];
}

/** Only a refusal for what the checks found can be overruled by that field. */
function isRefusal({ code, hint }: AppError): boolean {
  return code === "failed_precondition" && hint.includes("ignore_findings");
}

async function askWhatToExclude({ asker, reporter }: StepContext, refusal: AppError): Promise<string[]> {
  if (!asker) return [];
  reporter.note(refusal.message);
  reporter.note(refusal.hint);
  const answer = await asker.line("Columns to leave out, with commas between (nothing: stop here): ");
  return (answer ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
}

function validationOf({ split_by_group, split_by_time }: StepContext["options"]) {
  if (split_by_group !== undefined && split_by_time !== undefined) {
    throw new AppError(
      "invalid_argument",
      "Cannot split by group and by time: only one of them is possible",
      {
        hint: "Give --split-by-group or --split-by-time.",
      },
    );
  }
  if (split_by_group !== undefined) return { method: "group", column: split_by_group };
  return split_by_time === undefined ? null : { method: "time", column: split_by_time };
}

async function startJob(context: StepContext, plan: Plan, exclude: readonly string[]): Promise<string> {
  const { ignore_findings } = context.options;
  const validation = validationOf(context.options);
  const input = {
    dataset: plan.dataset,
    target: plan.target,
    task: plan.task,
    algorithm: plan.algorithm,
    metric: plan.metric,
    seed: plan.seed,
    name: plan.model_name,
    // The id at once, so that it is in the journal before any waiting.
    wait_s: 0,
    ...(Object.keys(plan.params).length > 0 ? { params: plan.params } : {}),
    ...(plan.budget !== null ? { budget: { trials: plan.budget } } : {}),
    ...(exclude.length > 0 ? { exclude } : {}),
    ...(ignore_findings ? { ignore_findings } : {}),
    ...(validation ? { validation } : {}),
  };
  const start = async () => {
    const answer = await context.servers.call("training", "train_model", input, {
      ...callOptions(context),
      repeatable: false,
    });
    return read(TrainingJob, "train_model", answer).job_id;
  };
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof ConnectionLost) || context.signal.aborted) throw error;
    // The server died after it heard us, or before: its table of jobs tells.
    return await findJob(context) ?? await start();
  }
}

async function waitFor(context: StepContext, job_id: string): Promise<Trained> {
  for (;;) {
    const answer = await context.servers.call(
      "training",
      "get_training_job",
      { job_id, wait_s: WAIT_S },
      callOptions(context),
    );
    const job = read(TrainingJob, "get_training_job", answer);
    if (job.status === "succeeded" && job.model_id !== undefined) return { ...job, model_id: job.model_id };
    if (job.status === "failed" || job.status === "cancelled") {
      // Forgotten, so that a resumed run trains again.
      context.keep({ job_id: null, failed_job_id: job_id });
      throw job.error ? errorFrom(job.error) : new AppError(
        "failed_precondition",
        `Cannot finish training: the job ${job_id} was ${job.status}`,
        { hint: "Resume the run to train again." },
      );
    }
    if (job.progress) {
      context.reporter.progress(job.progress.done ?? 0, job.progress.total ?? 0, job.progress.message ?? "");
    }
  }
}
