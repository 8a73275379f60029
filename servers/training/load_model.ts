import { basename } from "node:path";
import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { MODEL_NAME, modelNameFrom } from "@/registry/registry.ts";
import { defineTool } from "../tool.ts";
import { modelAnswer, modelOutput } from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  path: z.string().min(1).max(4096).describe("A .safetensors file that save_model wrote"),
  name: z.string().max(64).optional().describe("Name to keep it under (default: the file's name)"),
});

/** Longest that a strange file may keep a Worker busy. */
const TIMEOUT_MS = 30_000;

export const loadModel = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof modelOutput>>({
  name: "load_model",
  title: "Load a model from a file",
  description:
    "Keep a model that save_model wrote, here or on another machine, as the next version of a name. Its golden rows are predicted " +
    "again first, in a Worker without rights; a file that is damaged or predicts otherwise is refused.",
  effect: "create",
  scope: "models:write",
  input,
  output: modelOutput,
  async run({ path, name }, { registry, pool, command }, context) {
    const kept = name ?? modelNameFrom(basename(path).replace(/\.safetensors$/i, ""));
    if (!MODEL_NAME.test(kept)) {
      throw new AppError("invalid_argument", `Cannot keep a model as "${kept}": that is no model name`, {
        hint: `Use small letters, digits, - and _, such as ${modelNameFrom(kept)}.`,
      });
    }
    if (!command.door) {
      throw new AppError("permission_denied", `Cannot read ${path}: this server may not read files by path`);
    }
    const bytes = await command.door.readModel(path);
    const { checks } = await pool.run("inspect", { artifact: bytes }, {
      signal: context.signal,
      timeout_ms: TIMEOUT_MS,
    });
    const wrong = checks.find((check) => !check.passed);
    if (wrong) {
      throw new AppError("data_loss", `Cannot load ${path}: ${wrong.name} predicts ${wrong.detail}`, {
        hint: "The file was changed, or comes from a version that computes otherwise. Train again here.",
      });
    }
    return modelAnswer(await registry.add(kept, bytes));
  },
});
