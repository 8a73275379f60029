/** The Worker that a command runs in, with the rights of its row in confine.ts and no more. */
import { COMMANDS } from "./commands.ts";
import type { CommandStart } from "@/shared/command.ts";
import { toWireError } from "@/shared/errors.ts";
import { doorThrough } from "@/shared/file_door.ts";
import { holdoutsThrough } from "@/shared/holdout_door.ts";
import type { ConfinedCommand } from "@/shared/confine.ts";

const port = self as unknown as {
  postMessage(message: unknown): void;
  onmessage: (event: MessageEvent) => void;
};
const interrupt = new AbortController();
const files = doorThrough((message) => port.postMessage(message));
const sealed = holdoutsThrough((message) => port.postMessage(message));

port.onmessage = ({ data }) => {
  if (data.type === "start") void run(data);
  else if (data.type === "signal") interrupt.abort(data.signal);
  else if (data.type === "door_answer") files.receive(data);
  else if (data.type === "holdout_answer") sealed.receive(data);
};
port.postMessage({ type: "loaded" });

async function run(
  message: { name: ConfinedCommand; start: CommandStart; help: boolean; door: boolean },
): Promise<void> {
  let code = 1;
  try {
    const { command } = await COMMANDS[message.name].load();
    if (message.help) {
      Deno.stdout.writeSync(new TextEncoder().encode(command.help));
      code = 0;
    } else {
      code = await command.run({
        ...message.start,
        signal: interrupt.signal,
        door: message.door ? files.door : null,
        holdouts: message.door ? sealed.holdouts : null,
      });
    }
  } catch (error) {
    code = report(error, message);
  }
  port.postMessage({ type: "exit", code });
}

/** What can't be done, and the way out; the exit code tells wrong usage from failure. */
function report(error: unknown, { name, start }: { name: string; start: CommandStart }): number {
  const usage = error instanceof TypeError &&
    String((error as { code?: string }).code).startsWith("ERR_PARSE_ARGS");
  const wire = usage
    ? { code: "invalid_argument", message: error.message, hint: `mlmcp ${name} --help shows the options.` }
    : toWireError(error);
  if (start.json) console.log(JSON.stringify({ status: "failed", error: wire }));
  console.error(`mlmcp ${name}: ${wire.message}${wire.hint ? `\n  ${wire.hint}` : ""}`);
  if (wire.code === "internal") console.error(error);
  return usage || wire.code === "invalid_argument" ? 2 : 1;
}
