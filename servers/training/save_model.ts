import { z } from "zod";
import { AppError } from "@/shared/errors.ts";
import { defineTool } from "../tool.ts";
import { modelIdField } from "./fields.ts";
import type { TrainingServices } from "./services.ts";

const input = z.strictObject({
  model_id: modelIdField,
  path: z.string().min(1).max(4096).describe(
    "File to write, ending in .safetensors; folders on the way are made",
  ),
  format: z.enum(["safetensors", "onnx"]).default("safetensors").describe(
    "safetensors: everything mlmcp needs to load it again (default). onnx is not written yet",
  ),
});

const output = z.object({
  model_id: z.string().describe("The model, as name@version"),
  path: z.string().describe("The file that was written"),
  sha256: z.string().describe("Hash of the file"),
  size_bytes: z.number().int().describe("Size of the file"),
});

export const saveModel = defineTool<TrainingServices, z.infer<typeof input>, z.infer<typeof output>>({
  name: "save_model",
  title: "Save a model to a file",
  description:
    "Write a model to one safetensors file that holds everything it needs, to carry it to another machine (load_model takes it). " +
    "An existing file of that name is replaced.",
  effect: "update",
  scope: "models:write",
  input,
  output,
  async run({ model_id, path, format }, { registry, command }) {
    if (format === "onnx") {
      throw new AppError("unimplemented", "Cannot save as ONNX: this version writes safetensors only", {
        hint: "Leave format out, or give safetensors.",
      });
    }
    if (!command.door) {
      throw new AppError(
        "permission_denied",
        `Cannot write ${path}: this server may not write files by path`,
      );
    }
    const model = registry.find(model_id);
    const bytes = registry.bytes(model);
    await command.door.writeModel(path, bytes);
    return { model_id: model.model_id, path, sha256: model.artifact_sha256, size_bytes: bytes.length };
  },
});
