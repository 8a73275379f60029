/** Step 1: which data set the request is about. */
import { basename } from "node:path";
import { AppError } from "@/shared/errors.ts";
import { findDataset } from "../planner/find_dataset.ts";
import type { Assumption, Decision } from "../planner/plan.ts";
import { FoundDataset, FoundDatasets, read } from "../tool_results.ts";
import type { StepContext, StepEnd } from "./step.ts";

export interface Found {
  source: "path" | "stored" | "ref";
  /** An absolute path, a dataset_id or a ref. */
  value: string;
  /** The request without the data set's name. */
  request: string;
  title: string | null;
  license: string | null;
  known_target: string | null;
  known_task: string | null;
  assumptions: Assumption[];
}

const SEARCHED = 20;

export async function find(
  context: StepContext,
  settle: <T>(decide: () => Promise<Decision<T>>) => Promise<{ value: T; assumptions: Assumption[] }>,
): Promise<StepEnd<Found>> {
  const { options, servers, signal } = context;
  let searched = false;
  const { value: chosen, assumptions } = await settle(() =>
    findDataset({
      request: context.request,
      given: options.dataset,
      target: options.target,
      folders: context.folders,
      async search(query) {
        searched = true;
        const result = await servers.call("kaggle", "search_datasets", { query, limit: SEARCHED }, {
          signal,
        });
        return read(FoundDatasets, "search_datasets", result);
      },
      async isTable(path) {
        try {
          await servers.call("training", "profile_dataset", { dataset: path, limit: 1 }, { signal });
          return true;
        } catch (error) {
          if (error instanceof AppError && error.code === "not_found") return false;
          throw error;
        }
      },
    })
  );
  const plain = { source: chosen.source, value: chosen.value, request: chosen.request, assumptions };
  if (chosen.source !== "ref") {
    const result: Found = { ...plain, title: null, license: null, known_target: null, known_task: null };
    return { result, tool: null, text: chosen.source === "path" ? basename(chosen.value) : chosen.value };
  }
  const answer = await servers.call("kaggle", "get_dataset_metadata", { ref: chosen.value }, { signal });
  const about = read(FoundDataset, "get_dataset_metadata", { ref: chosen.value, ...answer });
  const result: Found = {
    ...plain,
    title: about.title ?? chosen.found?.title ?? null,
    license: about.license ?? chosen.found?.license ?? null,
    known_target: about.target ?? chosen.found?.target ?? null,
    known_task: about.task ?? chosen.found?.task ?? null,
  };
  const license = result.license ? ` (${result.license})` : "";
  return {
    result,
    tool: searched ? "search_datasets" : "get_dataset_metadata",
    text: `${chosen.value}${result.title ? `: ${result.title}` : ""}${license}`,
  };
}
