/** Step 5: onto an endpoint, when the person agrees. */
import type { Plan } from "../planner/plan.ts";
import { type Deployed, Deployed as DeployedSchema, read } from "../tool_results.ts";
import { AppError } from "@/shared/errors.ts";
import { callOptions, type StepContext, type StepEnd } from "./step.ts";
import type { Trained } from "./train.ts";
import { gateLine, type Validation } from "./validate.ts";

/** The person said no, or there was nobody to say yes. */
export class Declined extends AppError {
  constructor(state: string, hint: string) {
    super("cancelled", `Cannot deploy: ${state}`, { hint });
  }
}

export async function deploy(
  context: StepContext,
  plan: Plan,
  trained: Trained,
  validation: Validation,
): Promise<StepEnd<Deployed>> {
  const endpoint = context.options.endpoint ?? plan.endpoint;
  if (context.note.approved !== endpoint) {
    await approve(context, endpoint, trained, validation);
    context.keep({ approved: endpoint });
  }
  const answer = await context.servers.call("deploy", "deploy_model", {
    model_id: trained.model_id,
    endpoint,
    ...(validation.gate_id === null ? {} : { gate_id: validation.gate_id }),
  }, callOptions(context));
  const result = read(DeployedSchema, "deploy_model", answer);
  return { result, text: `${result.endpoint} at ${result.url}` };
}

async function approve(
  { options, asker, run_id, commandLine }: StepContext,
  endpoint: string,
  trained: Trained,
  validation: Validation,
): Promise<void> {
  if (options.yes) return;
  const later = `The model is trained and validated: ${
    commandLine(`agent resume ${run_id} --yes`)
  } deploys it.`;
  if (!asker) throw new Declined("nobody is at a terminal to approve it", later);
  const question = `Deploy ${trained.model_id} to the endpoint "${endpoint}"? (${gateLine(validation)})`;
  if (!await asker.confirm(question)) throw new Declined("you declined", later);
}
