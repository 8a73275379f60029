/** deno task kaggle-emulator: Kaggle's data set API on this machine, for tests. docs/kaggle-emulator.md teaches it. */
import { parseArgs } from "node:util";
import { z } from "zod";
import { startEmulator } from "../tests/kaggle/emulator/emulator.ts";
import { FAULTS_SCHEMA } from "../tests/kaggle/emulator/faults.ts";

const HELP = `Kaggle's data set API on this machine: for tests, and for CI without an account or a network.

usage: deno task kaggle-emulator --root DIR [--port N] [options]

  --root DIR          the folder to serve: DIR/owner/slug/ is the data set owner/slug. Required
  --port N            port of the API (default 7777, which KAGGLE_API_ENVIRONMENT=TEST means; 0: any free one)
  --storage-port N    port of the storage that downloads are redirected to (default: the port above --port)
  --host HOST         address to listen at (default 127.0.0.1; 0.0.0.0 for all)
  --faults JSON       what goes wrong from the start, such as '{"cutAfter":[1000]}'
  --help              this text

A data set's folder holds its files, or versions/1/, versions/2/, … with those of each version, and beside them,
if you like, dataset-metadata.json as \`kaggle datasets init\` writes it (title, licenses, keywords, isPrivate).

How clients find it:
  mlmcp               MLMCP_KAGGLE_URL=http://127.0.0.1:7777 MLMCP_KAGGLE_STORAGE_HOSTS=127.0.0.1:7778
  kagglehub           KAGGLE_API_ENVIRONMENT=TEST        (always port 7777 of localhost)
  kaggle              KAGGLE_API_ENVIRONMENT=LOCALHOST   (always port 80 of localhost)
Any credential is good, but one that begins with "bad".

While it runs:
  curl -X POST   http://127.0.0.1:7777/emulator/faults -d '{"api":[429],"retryAfter":"2"}'
  curl -X DELETE http://127.0.0.1:7777/emulator/faults          all is well again
  curl -X POST   http://127.0.0.1:7777/emulator/expire-links    ends all signed links
  curl           http://127.0.0.1:7777/emulator/requests        what was asked, without credentials
docs/kaggle-emulator.md has every fault.
`;

/** Ends the process with what is wrong and what to do. */
function refuse(text: string): never {
  console.error(`${text}\nSee: deno task kaggle-emulator --help`);
  Deno.exit(2);
}

function readArgs() {
  try {
    return parseArgs({
      args: Deno.args,
      options: {
        "root": { type: "string" },
        "port": { type: "string", default: "7777" },
        "storage-port": { type: "string" },
        "host": { type: "string", default: "127.0.0.1" },
        "faults": { type: "string", default: "{}" },
        "help": { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function portOf(name: string, text: string): number {
  const port = Number(text);
  return /^\d+$/.test(text) && port < 65536 ? port : refuse(`Cannot use --${name} ${text}: it is no port`);
}

function faultsOf(text: string) {
  try {
    return FAULTS_SCHEMA.parse(JSON.parse(text));
  } catch (error) {
    return refuse(
      `Cannot use --faults: ${error instanceof z.ZodError ? z.prettifyError(error) : "it is no JSON"}`,
    );
  }
}

const args = readArgs();
if (args.help) {
  console.log(HELP);
  Deno.exit(0);
}
const root = args.root ?? refuse("Cannot start the emulator: --root is missing");
if (!(await Deno.stat(root).then(({ isDirectory }) => isDirectory, () => false))) {
  refuse(`Cannot serve ${root}: there is no such folder`);
}
const port = portOf("port", args.port);
const storagePort = args["storage-port"] === undefined
  ? (port === 0 ? 0 : port + 1)
  : portOf("storage-port", args["storage-port"]);

try {
  const emulator = startEmulator({
    root,
    port,
    storagePort,
    host: args.host,
    faults: faultsOf(args.faults),
  });
  console.log(
    `Kaggle emulator at ${emulator.url}, storage at ${emulator.storageHost}, serving ${root}\n` +
      `mlmcp finds it with MLMCP_KAGGLE_URL=${emulator.url} MLMCP_KAGGLE_STORAGE_HOSTS=${emulator.storageHost}`,
  );
  const stop = async () => {
    await emulator.close();
    Deno.exit(0);
  };
  Deno.addSignalListener("SIGINT", stop);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
} catch (error) {
  if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) {
    refuse(`Cannot listen at port ${port} and ${storagePort} of ${args.host}: ${error.message}`);
  }
  throw error;
}
