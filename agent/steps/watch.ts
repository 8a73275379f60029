/** Step 7: how the endpoint does, now or for a while. */
import { AppError } from "@/shared/errors.ts";
import { type Deployed, DeploymentStatus, read } from "../tool_results.ts";
import type { StepContext, StepEnd } from "./step.ts";

export interface Watched extends DeploymentStatus {
  /** What changed while it was watched. */
  changes: { time: string; change: string }[];
}

const EVERY_MS = 1000;

export async function watch(context: StepContext, deployed: Deployed): Promise<StepEnd<Watched>> {
  const { clock, options, reporter, signal } = context;
  let last = await ask(context, deployed.endpoint);
  const changes: Watched["changes"] = [];
  const until = clock.now() + options.watch * 1000;
  let unreachable = false;
  while (clock.now() < until && !signal.aborted) {
    reporter.progress(options.watch - Math.ceil((until - clock.now()) / 1000), options.watch, summary(last));
    await clock.sleep(Math.min(EVERY_MS, until - clock.now()), signal);
    if (signal.aborted) break;
    const found: string[] = [];
    try {
      const next = await ask(context, deployed.endpoint);
      if (unreachable) found.push("the deploy-server answers again");
      unreachable = false;
      found.push(...differences(last, next));
      last = next;
    } catch (error) {
      if (!(error instanceof AppError) || signal.aborted) break;
      if (!unreachable) found.push(error.message);
      unreachable = true;
    }
    for (const change of found) {
      changes.push({ time: new Date(clock.now()).toISOString(), change });
      reporter.note(`${deployed.endpoint}: ${change}`);
    }
  }
  return { result: { ...last, changes }, text: summary(last) };
}

/** Not cancelled when the person interrupts: it takes milliseconds, and its answer is what the run ends with. */
async function ask({ servers }: StepContext, endpoint: string): Promise<DeploymentStatus> {
  const answer = await servers.call("deploy", "get_deployment_status", { endpoint });
  return read(DeploymentStatus, "get_deployment_status", answer);
}

export function summary({ status, replicas, requests, drift }: DeploymentStatus): string {
  const served = requests?.total === undefined
    ? ""
    : `, ${requests.total} requests, ${requests.errors ?? 0} errors`;
  const verdict = drift?.verdict;
  const drifted = verdict === "warning" || verdict === "drift" ? `, drift: ${verdict}` : "";
  return `${status}, ${replicas.length} ${replicas.length === 1 ? "replica" : "replicas"}${served}${drifted}`;
}

/** What a person would want to hear about; counters that only grow are not among it. */
export function differences(before: DeploymentStatus, now: DeploymentStatus): string[] {
  const found: string[] = [];
  if (before.status !== now.status) found.push(`${before.status} -> ${now.status}`);
  if (before.version !== now.version) found.push(`version ${before.version} -> ${now.version}`);
  if (before.url !== now.url) found.push(`address ${before.url} -> ${now.url}`);
  const was = new Map(before.replicas.map((replica) => [String(replica.replica_id), replica]));
  for (const replica of now.replicas) {
    const id = String(replica.replica_id);
    const old = was.get(id);
    was.delete(id);
    if (!old) found.push(`replica ${id} is new (${replica.status})`);
    else if ((replica.restarts ?? 0) > (old.restarts ?? 0)) {
      found.push(`replica ${id} was restarted (${replica.status})`);
    } else if (old.status !== replica.status) found.push(`replica ${id}: ${old.status} -> ${replica.status}`);
  }
  for (const id of was.keys()) found.push(`replica ${id} is gone`);
  const errors = (now.requests?.errors ?? 0) - (before.requests?.errors ?? 0);
  if (errors > 0) found.push(`${errors} more ${errors === 1 ? "request" : "requests"} failed`);
  return [...found, ...driftChanges(before, now), ...alertChanges(before, now)];
}

/** Columns whose verdict has changed; that it is "none" at first is no news. */
function driftChanges(before: DeploymentStatus, now: DeploymentStatus): string[] {
  const verdicts = ({ drift }: DeploymentStatus) =>
    new Map(
      [...drift?.columns ?? [], ...(drift?.prediction ? [drift.prediction] : [])]
        .map(({ name, verdict }) => [name, verdict ?? "none"]),
    );
  const was = verdicts(before);
  return [...verdicts(now)].filter(([name, verdict]) => verdict !== (was.get(name) ?? "none"))
    .map(([name, verdict]) => `drift of ${name}: ${was.get(name) ?? "none"} -> ${verdict}`);
}

function alertChanges(before: DeploymentStatus, now: DeploymentStatus): string[] {
  const was = new Map((before.alerts ?? []).map(({ alert_id, state }) => [alert_id, state]));
  return (now.alerts ?? []).filter(({ alert_id, state }) => was.get(alert_id) !== state)
    .toReversed()
    .map(({ rule, state, value }) =>
      state === "firing" ? `ALERT ${rule} (it is ${value})` : `alert resolved: ${rule}`
    );
}
