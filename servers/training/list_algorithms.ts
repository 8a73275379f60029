import { z } from "zod";
import { ESTIMATORS } from "@/ml/estimators.ts";
import { defineTool } from "../tool.ts";
import { taskField } from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({ task: taskField.optional() });

const output = z.object({
  algorithms: z.array(z.object({
    name: z.string().describe("Give this as algorithm to train_model"),
    title: z.string().describe("In words"),
    description: z.string().describe("What it is good for"),
    tasks: z.array(taskField).describe("What it can do"),
    params: z.record(z.string().describe("Task"), z.unknown().describe("JSON Schema of its parameters"))
      .describe(
        "For each task, the parameters with their defaults and ranges, as JSON Schema",
      ),
    continued_by: z.string().nullable().describe(
      "The parameter that a larger value of gives more steps to a stored model (train_model with continue_from); null: it can't be continued",
    ),
    source: z.string().describe("Where it is described"),
  })).describe("In the order of their table"),
});

export const listAlgorithms = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "list_algorithms",
  title: "List algorithms",
  description:
    "The algorithms that train_model knows, with every parameter, its default and its range (scikit-learn's names).",
  effect: "read",
  scope: "models:read",
  input,
  output,
  run({ task }) {
    const algorithms = ESTIMATORS.filter((one) => !task || one.params[task]).map((one) => ({
      name: one.name,
      title: one.title,
      description: one.description,
      tasks: (["classification", "regression"] as const).filter((known) => one.params[known]),
      params: Object.fromEntries(
        Object.entries(one.params).filter(([known]) => !task || known === task).map(([known, schema]) => [
          known,
          z.toJSONSchema(schema!, { io: "input", unrepresentable: "any" }),
        ]),
      ),
      continued_by: one.continues?.steps ?? null,
      source: one.source,
    }));
    return { algorithms };
  },
});
