/** Step 6: the endpoint answers, and as the model did when it was trained. */
import { AppError } from "@/shared/errors.ts";
import { type Deployed, read, type Tested, Tested as TestedSchema } from "../tool_results.ts";
import { callOptions, type StepContext, type StepEnd } from "./step.ts";

export async function test(context: StepContext, deployed: Deployed): Promise<StepEnd<Tested>> {
  const answer = await context.servers.call(
    "deploy",
    "test_endpoint",
    { endpoint: deployed.endpoint },
    callOptions(context),
  );
  const result = read(TestedSchema, "test_endpoint", answer);
  const failed = result.checks.filter((check) => !check.passed);
  if (!result.passed) {
    throw new TestFailed(
      result,
      failed.map((check) => `${check.name}${check.detail ? ` (${check.detail})` : ""}`).join("; "),
    );
  }
  return { result, text: `${result.checks.length} checks passed` };
}

/** Deployed, but it does not answer as it should. */
export class TestFailed extends AppError {
  readonly result: Tested;
  constructor(result: Tested, why: string) {
    super("failed_precondition", `Cannot pass the endpoint's test: ${why || "a check failed"}`, {
      hint:
        "`mlmcp status` shows its replicas; rollback_deployment goes back to the version before; `mlmcp stop` ends it.",
    });
    this.result = result;
  }
}
