/** Step 3: a training job, started once however often this step is tried. */
import { AppError } from "@/shared/errors.ts";
import type { Plan } from "../planner/plan.ts";
import { ConnectionLost } from "../servers.ts";
import { errorFrom, read, TrainingJob } from "../tool_results.ts";
import { callOptions, type StepContext, type StepEnd } from "./step.ts";

export type Trained = TrainingJob & { model_id: string };

const WAIT_S = 20;

export async function train(context: StepContext, plan: Plan): Promise<StepEnd<Trained>> {
  const job_id = typeof context.note.job_id === "string"
    ? context.note.job_id
    : await findJob(context) ?? await startJob(context, plan);
  context.keep({ job_id });
  const job = await waitFor(context, job_id);
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

async function startJob(context: StepContext, plan: Plan): Promise<string> {
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
