import { optionsHelp } from "./options.ts";

export const HELP = `mlmcp agent: turn a request into a deployed, tested, watched model

  mlmcp agent [REQUEST] [options]
  mlmcp agent runs                 all runs of this home, newest first
  mlmcp agent show RUN             the result of a run ("last": the newest)
  mlmcp agent resume RUN           go on with a run that was interrupted, failed or declined

Without a REQUEST, on a terminal, it asks. The seven steps: find the data, fetch it, train, validate
on rows that training never saw, deploy (it asks first), test the endpoint, watch it. Each step is kept
before and after, so a run that was killed anywhere can be resumed. No language model is needed.

Examples:
  mlmcp agent "predict the species of a penguin"
  mlmcp agent "predict price from houses.csv" --yes
  mlmcp agent "which customers leave" --dataset churn.csv --target Exited --metric roc_auc --min-score 0.8
  mlmcp agent --dataset owner/slug --target label --algorithm random_forest --param n_estimators=300
  mlmcp agent "classify iris flowers" --no-deploy --json
  mlmcp agent resume last --yes

Options (each may also stand under "agent:" in the config file, with _ for -; the command line wins):
${optionsHelp()}

Exit codes:
  0    done
  1    failed
  2    wrong usage, or something that can't be known is missing
  3    the gate refused the model; nothing was deployed
  4    deploying was declined; resume the run with --yes to deploy
  130  interrupted; resume the run to go on

stdout carries the result only (one JSON document with --json), stderr the progress.
`;
