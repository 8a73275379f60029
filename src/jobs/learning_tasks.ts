/**
 * The TABLE of what runs inside a learning Worker: reading untrusted tables, fitting, validating. Functions from
 * data to data, without disk, network or clock rights; the Worker that calls them has no rights at all.
 */
import { compare } from "./tasks/compare.ts";
import { evaluate } from "./tasks/evaluate.ts";
import { fit } from "./tasks/fit.ts";
import { inspect } from "./tasks/inspect.ts";
import { prepare } from "./tasks/prepare.ts";
import { profile } from "./tasks/profile.ts";

/** Tells how far a task is: steps done of all, and the score so far where there is one. */
export type Report = (done: number, total: number, score?: number) => void;

export const LEARNING_TASKS = { prepare, compare, fit, evaluate, profile, inspect };

export type TaskName = keyof typeof LEARNING_TASKS;
export type TaskInput<N extends TaskName> = Parameters<(typeof LEARNING_TASKS)[N]>[0];
type TaskOutputs = { [N in TaskName]: Awaited<ReturnType<(typeof LEARNING_TASKS)[N]>> };
export type TaskOutput<N extends TaskName> = TaskOutputs[N];
