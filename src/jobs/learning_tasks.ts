/**
 * The TABLE of what runs inside a learning Worker: fitting, validating. Functions from data to data, without disk,
 * network or clock rights; the Worker that calls them has no rights at all.
 */
import { config } from "zod";
import { compare } from "./tasks/compare.ts";
import { evaluate } from "./tasks/evaluate.ts";
import { fit } from "./tasks/fit.ts";
import { inspect } from "./tasks/inspect.ts";

// A Worker checks a few parameters and ends: less work than writing and compiling a checker for each schema.
config({ jitless: true });

export const LEARNING_TASKS = { compare, fit, evaluate, inspect };
