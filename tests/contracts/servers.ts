/** The servers whose tools the contracts judge: a new server is one line. */
import { TOOLS as DEPLOY } from "../../servers/deploy/tools.ts";
import { TOOLS as KAGGLE } from "../../servers/kaggle/tools.ts";
import { TOOLS as TRAINING } from "../../servers/training/tools.ts";
import type { AnyTool } from "../../servers/tool.ts";

export const SERVERS: Record<string, readonly AnyTool<never>[]> = {
  kaggle: KAGGLE,
  training: TRAINING,
  deploy: DEPLOY,
};
