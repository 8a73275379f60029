import assert from "node:assert/strict";
import { HELP } from "../../agent/help.ts";
import { OPTIONS, optionsFromConfig, parseAgentArgs, withDefaults } from "../../agent/options.ts";

Deno.test("a request may be one argument or many words, with options anywhere", () => {
  const one = parseAgentArgs(["predict the price", "--dataset", "a.csv", "--yes"]);
  assert.deepEqual(one, {
    kind: "request",
    request: "predict the price",
    given: { dataset: "a.csv", yes: true },
  });
  const many = parseAgentArgs(["--dataset=a.csv", "predict", "-y", "the", "price"]);
  assert.deepEqual(many, one);
});

Deno.test("options are typed, parameters by JSON where it is JSON", () => {
  const { given } = parseAgentArgs([
    ...["x", "--min-score", "0.8", "--seed=3", "--budget", "4", "--watch", "2.5", "--no-deploy"],
    ...[
      "--param",
      "max_depth=3",
      "--param",
      "criterion=entropy",
      "--param",
      "bootstrap=false",
      "--param",
      "text=a=b",
    ],
  ]) as { given: unknown };
  assert.deepEqual(given, {
    min_score: 0.8,
    seed: 3,
    budget: 4,
    watch: 2.5,
    no_deploy: true,
    param: { max_depth: 3, criterion: "entropy", bootstrap: false, text: "a=b" },
  });
});

Deno.test("a negative threshold is a value, not an option", () => {
  assert.deepEqual(parseAgentArgs(["x", "--min-score", "-0.5"]), {
    kind: "request",
    request: "x",
    given: { min_score: -0.5 },
  });
});

Deno.test("runs, show and resume are commands only in their own form", () => {
  assert.deepEqual(parseAgentArgs(["runs"]), { kind: "runs" });
  assert.deepEqual(parseAgentArgs(["show", "run_1"]), { kind: "show", run: "run_1" });
  assert.deepEqual(parseAgentArgs(["resume", "last", "--yes"]), {
    kind: "resume",
    run: "last",
    given: { yes: true },
  });
  assert.equal(parseAgentArgs(["show me the price of houses"]).kind, "request");
  assert.equal(parseAgentArgs(["runs per game"]).kind, "request");
});

const REFUSED: [string[], RegExp, RegExp][] = [
  [["x", "--datset", "a"], /^Cannot use --datset: there is no such option$/, /Did you mean --dataset\?/],
  [["x", "--task", "clustering"], /must be one of classification, regression/, /--task TASK/],
  [["x", "--seed", "one"], /--seed .*it must be a number/, /same data/],
  [["x", "--seed", "1.5"], /it must be a whole number/, /./],
  [["x", "--budget", "0"], /it must be at least 1/, /./],
  [["x", "--dataset"], /^Cannot read --dataset: its value is missing$/, /owner\/slug/],
  [["x", "--param", "depth"], /it must be name=value/, /max_depth=3/],
  [["x", "--endpoint", "My Endpoint"], /small letters, digits/, /./],
  [["resume"], /its id is missing/, /last/],
  [["x", "--planner", "magic"], /must be one of auto, rules, llm/, /./],
];

for (const [args, message, hint] of REFUSED) {
  Deno.test(`agent ${args.join(" ")} is refused with ${message}`, () => {
    assert.throws(() => parseAgentArgs(args), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, "invalid_argument");
      assert.match(error.message, message);
      assert.match(error.hint, hint);
      return true;
    });
  });
}

Deno.test("options of the config file are checked like those of the command line", () => {
  const section = {
    request: "predict y",
    dataset: "a.csv",
    params: { max_depth: 3 },
    min_score: 0.5,
    "no-deploy": true,
  };
  assert.deepEqual(optionsFromConfig(section, "c.yaml"), {
    request: "predict y",
    given: { dataset: "a.csv", param: { max_depth: 3 }, min_score: 0.5, no_deploy: true },
  });
  assert.throws(
    () => optionsFromConfig({ tarjet: "y" }, "c.yaml"),
    /c\.yaml: "agent" has no option "tarjet"/,
  );
  assert.throws(
    () => optionsFromConfig({ seed: "x" }, "c.yaml"),
    /for --seed \(from c\.yaml\): it must be a number/,
  );
});

Deno.test("the command line wins over the config file, which wins over the default", () => {
  const file = optionsFromConfig({ seed: 1, target: "a", params: { x: 1, y: 1 } }, null).given;
  const flags = (parseAgentArgs(["r", "--target", "b", "--param", "y=2"]) as { given: object }).given;
  const options = withDefaults(file, flags);
  assert.deepEqual([options.seed, options.target, options.algorithm], [1, "b", "auto"]);
  assert.deepEqual(options.param, { x: 1, y: 2 });
});

Deno.test("the help names every option and every exit code", () => {
  for (const name of Object.keys(OPTIONS)) assert.ok(HELP.includes(`--${name.replaceAll("_", "-")}`), name);
  for (const code of ["0 ", "1 ", "2 ", "3 ", "4 ", "130"]) assert.ok(HELP.includes(`\n  ${code}`), code);
});
