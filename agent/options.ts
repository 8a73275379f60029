/** Every option of `mlmcp agent`, in one table: the command line, the config file and the help follow from it. */
import { parseArgs } from "node:util";
import { AppError } from "@/shared/errors.ts";
import { closest } from "./closest.ts";
import type { StepName } from "./step_names.ts";

interface Option {
  readonly kind: "text" | "integer" | "number" | "yes_or_no" | "params" | "list";
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly short?: string;
  readonly default?: string | number | boolean;
  readonly choices?: readonly string[];
  /** What the text must look like, and how that is said. */
  readonly pattern?: { regexp: RegExp; rule: string };
  readonly min?: number;
  readonly max?: number;
  readonly description: string;
  /** The step after whose start it can't be changed by `agent resume`. */
  readonly fixed_by?: StepName;
}

export const OPTIONS = {
  dataset: {
    kind: "text",
    value: "REF",
    fixed_by: "find",
    description:
      "owner/slug[/versions/N][/file] at Kaggle, sample/NAME, an https address, or a path to a file or folder",
  },
  target: { kind: "text", value: "COLUMN", fixed_by: "train", description: "the column to predict" },
  task: {
    kind: "text",
    value: "TASK",
    choices: ["classification", "regression"],
    fixed_by: "train",
    description: "classification or regression; default: from the target's type",
  },
  algorithm: {
    kind: "text",
    value: "NAME",
    default: "auto",
    fixed_by: "train",
    description: "one of `list_algorithms`; auto compares a sensible few and keeps the best",
  },
  param: {
    kind: "params",
    value: "name=value",
    fixed_by: "train",
    description: "a parameter of the algorithm, in scikit-learn's words; may be given again",
  },
  exclude: {
    kind: "list",
    value: "COLUMN",
    fixed_by: "train",
    description: "a column that is not learnt from; may be given again",
  },
  ignore_findings: {
    kind: "list",
    value: "CHECK",
    fixed_by: "train",
    description:
      "a check whose errors do not stop the training, or all; may be given again, and is kept with the model",
  },
  split_by_group: {
    kind: "text",
    value: "COLUMN",
    fixed_by: "train",
    description: "rows with one value of it are never on both sides of the split: patients, customers",
  },
  split_by_time: {
    kind: "text",
    value: "COLUMN",
    fixed_by: "train",
    description: "the model is judged on the latest rows by this column of dates or numbers",
  },
  metric: {
    kind: "text",
    value: "NAME",
    fixed_by: "train",
    description: "the number that the gate looks at; default: fits the task and the balance of the classes",
  },
  min_score: {
    kind: "number",
    value: "X",
    fixed_by: "deploy",
    description:
      "least score on rows that training never saw; default: a tenth of the way from the baseline to perfect",
  },
  budget: {
    kind: "integer",
    value: "N",
    min: 1,
    max: 100,
    fixed_by: "train",
    description: "algorithms that auto may try",
  },
  seed: {
    kind: "integer",
    value: "N",
    default: 0,
    min: 0,
    max: 2 ** 31 - 1,
    fixed_by: "train",
    description: "same data, options and seed give the same model, byte for byte",
  },
  endpoint: {
    kind: "text",
    value: "NAME",
    pattern: {
      regexp: /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/,
      rule: "it must be 1 to 64 small letters, digits, - and _, with a letter or digit at both ends",
    },
    fixed_by: "deploy",
    description: "name of the endpoint; one that exists gets the new model, and keeps its address",
  },
  no_deploy: { kind: "yes_or_no", default: false, fixed_by: "deploy", description: "stop after validation" },
  yes: { kind: "yes_or_no", short: "y", default: false, description: "deploy without asking" },
  watch: {
    kind: "number",
    value: "SECONDS",
    default: 0,
    min: 0,
    max: 31_536_000,
    description: "go on watching the endpoint for so long, and report changes",
  },
  planner: {
    kind: "text",
    value: "NAME",
    default: "auto",
    choices: ["auto", "rules", "llm"],
    fixed_by: "train",
    description: "who reads the request; rules needs no model, and is what auto takes",
  },
  llm: {
    kind: "text",
    value: "PROVIDER/MODEL",
    fixed_by: "train",
    description: "the language model for --planner llm",
  },
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof OPTIONS;

export interface AgentOptions {
  dataset?: string;
  target?: string;
  task?: "classification" | "regression";
  algorithm: string;
  param: Record<string, unknown>;
  exclude?: string[];
  ignore_findings?: string[];
  split_by_group?: string;
  split_by_time?: string;
  metric?: string;
  min_score?: number;
  budget?: number;
  seed: number;
  endpoint?: string;
  no_deploy: boolean;
  yes: boolean;
  watch: number;
  planner: "auto" | "rules" | "llm";
  llm?: string;
}

export type AgentCommand =
  | { kind: "request"; request: string; given: Partial<AgentOptions> }
  | { kind: "runs" }
  | { kind: "show"; run: string }
  | { kind: "resume"; run: string; given: Partial<AgentOptions> };

const flagOf = (name: string) => `--${name.replaceAll("_", "-")}`;

/**
 * Reads the arguments after `mlmcp agent`.
 * @throws AppError invalid_argument naming the option, the rule and the nearest known name
 */
export function parseAgentArgs(args: readonly string[]): AgentCommand {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(OPTIONS as Record<string, Option>).map(([name, option]) => [name.replaceAll("_", "-"), {
        type: option.kind === "yes_or_no" ? "boolean" as const : "string" as const,
        multiple: option.kind === "params" || option.kind === "list",
        ...(option.short ? { short: option.short } : {}),
      }]),
    ),
  });
  const words: string[] = [];
  const given: Record<string, unknown> = {};
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const name = token.name.replaceAll("-", "_");
    if (!(name in OPTIONS)) throw unknownOption(token.rawName);
    const option = OPTIONS[name as OptionName] as Option;
    if (option.kind === "yes_or_no") {
      given[name] = check(name, option, token.value ?? true, "the command line");
    } else if (token.value === undefined) {
      throw new AppError("invalid_argument", `Cannot read ${token.rawName}: its value is missing`, {
        hint: `Write ${flagOf(name)} ${option.value}: ${option.description}.`,
      });
    } else if (option.kind === "params") {
      given[name] = { ...given[name] as Record<string, unknown> | undefined, ...oneParam(token.value) };
    } else if (option.kind === "list") {
      given[name] = [...given[name] as string[] ?? [], token.value];
    } else given[name] = check(name, option, token.value, "the command line");
  }
  return commandOf(words, given as Partial<AgentOptions>);
}

function commandOf(words: string[], given: Partial<AgentOptions>): AgentCommand {
  const [first, second] = words;
  if (first === "runs" && words.length === 1) return { kind: "runs" };
  if ((first === "show" || first === "resume") && words.length <= 2) {
    if (second === undefined) {
      throw new AppError("invalid_argument", `Cannot ${first} a run: its id is missing`, {
        hint: `mlmcp agent ${first} RUN; \`mlmcp agent runs\` lists the ids, and "last" is the newest.`,
      });
    }
    return first === "show" ? { kind: "show", run: second } : { kind: "resume", run: second, given };
  }
  return { kind: "request", request: words.join(" ").trim(), given };
}

function unknownOption(rawName: string): AppError {
  const flags = Object.keys(OPTIONS).map(flagOf);
  const near = closest(rawName, flags);
  return new AppError("invalid_argument", `Cannot use ${rawName}: there is no such option`, {
    hint: `${near ? `Did you mean ${near}? ` : ""}Options: ${flags.join(", ")}.`,
  });
}

/** `max_depth=3`: the value as JSON where it is JSON, as text where it is not. */
function oneParam(text: string): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at <= 0) {
    throw new AppError("invalid_argument", `Cannot read --param ${text}: it must be name=value`, {
      hint: "For example --param max_depth=3 --param criterion=entropy.",
    });
  }
  const value = text.slice(at + 1);
  try {
    return { [text.slice(0, at)]: JSON.parse(value) };
  } catch {
    return { [text.slice(0, at)]: value };
  }
}

function check(name: string, option: Option, value: unknown, origin: string): unknown {
  const refuse = (rule: string): never => {
    throw new AppError(
      "invalid_argument",
      `Cannot use ${JSON.stringify(value)} for ${flagOf(name)} (from ${origin}): ${rule}`,
      {
        hint: `${flagOf(name)}${option.value ? ` ${option.value}` : ""}: ${option.description}.`,
      },
    );
  };
  if (option.kind === "yes_or_no") {
    if (value === true || value === "true") return true;
    if (value === false || value === "false") return false;
    return refuse("it must be true or false");
  }
  if (option.kind === "params") {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    return refuse("it must be a table of names and values");
  }
  if (option.kind === "list") {
    const all = Array.isArray(value) ? value : [value];
    if (all.every((one) => typeof one === "string" && one !== "")) return all;
    return refuse("it must be a list of names");
  }
  if (option.kind === "integer" || option.kind === "number") {
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number !== "number" || !Number.isFinite(number)) return refuse("it must be a number");
    if (option.kind === "integer" && !Number.isInteger(number)) return refuse("it must be a whole number");
    if (option.min !== undefined && number < option.min) return refuse(`it must be at least ${option.min}`);
    if (option.max !== undefined && number > option.max) return refuse(`it must be at most ${option.max}`);
    return number;
  }
  const text = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  if (typeof text !== "string" || text.trim() === "") return refuse("it must be text that is not empty");
  if (option.choices && !option.choices.includes(text)) {
    return refuse(`it must be one of ${option.choices.join(", ")}`);
  }
  if (option.pattern && !option.pattern.regexp.test(text)) return refuse(option.pattern.rule);
  return text;
}

/**
 * The `agent:` section of a config file. Its keys are those of OPTIONS, and `request`; `param` may also be
 * written `params`.
 */
export function optionsFromConfig(
  section: Record<string, unknown>,
  file: string | null,
): { request: string; given: Partial<AgentOptions> } {
  const given: Record<string, unknown> = {};
  let request = "";
  const origin = file ?? "the config file";
  for (const [written, value] of Object.entries(section)) {
    if (value === null || value === undefined) continue;
    if (written === "request") {
      request = String(value).trim();
      continue;
    }
    const name = written === "params" ? "param" : written.replaceAll("-", "_");
    if (!(name in OPTIONS)) {
      const near = closest(name, ["request", ...Object.keys(OPTIONS)]);
      throw new AppError("invalid_argument", `Cannot read ${origin}: "agent" has no option "${written}"`, {
        hint: `${near ? `Did you mean ${near}? ` : ""}Options: request, ${Object.keys(OPTIONS).join(", ")}.`,
      });
    }
    given[name] = check(name, OPTIONS[name as OptionName] as Option, value, origin);
  }
  return { request, given: given as Partial<AgentOptions> };
}

/** Later ones win; parameters are merged name by name. */
export function withDefaults(...layers: readonly Partial<AgentOptions>[]): AgentOptions {
  const defaults = Object.fromEntries(
    Object.entries(OPTIONS as Record<string, Option>).flatMap(([name, option]) =>
      option.default === undefined ? [] : [[name, option.default]]
    ),
  );
  const param = Object.assign({}, ...layers.map((layer) => layer.param ?? {}));
  return Object.assign(defaults, ...layers, { param }) as AgentOptions;
}

/** The options part of `mlmcp agent --help`. */
export function optionsHelp(): string {
  const rows = Object.entries(OPTIONS as Record<string, Option>).map(([name, option]) => {
    const left = `${option.short ? `-${option.short}, ` : ""}${flagOf(name)}${
      option.value ? ` ${option.value}` : ""
    }`;
    const shown = option.default === undefined || option.default === false
      ? ""
      : ` (default ${option.default})`;
    return [left, `${option.description}${shown}`];
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}
