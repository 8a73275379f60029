/** The peers that serve a scikit-learn or LightGBM model over HTTP, each as its users start it, with one worker. */
import { fileURLToPath } from "node:url";

export interface Peer {
  server: string;
  model: string;
  command(port: number): { args: string[]; env?: Record<string, string>; cwd?: string };
  /** Where it predicts; default /predict. */
  path?: string;
  /** How it wants one row; default ours. */
  body?(row: Record<string, number>): string;
}

const HERE = fileURLToPath(new URL("./peers", import.meta.url));
/** One thread each: one core serves. */
const ENV = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", PYTHONWARNINGS: "ignore" };

/**
 * @param python has bench/peers/requirements.txt. BENCH_MLSERVER and BENCH_BENTOML may name others for these two,
 * whose demands on versions differ.
 * @param notes gets a line for each peer that is not installed
 */
export async function peers(
  python: string,
  folder: string,
  csv: string,
  models: readonly string[],
  notes: string[],
): Promise<Peer[]> {
  const found: Peer[] = [];
  const servers = [
    { name: "FastAPI + uvicorn", python, module: "fastapi", make: fastapi },
    {
      name: "MLServer",
      python: Deno.env.get("BENCH_MLSERVER") ?? python,
      module: "mlserver",
      make: mlserver,
    },
    { name: "BentoML", python: Deno.env.get("BENCH_BENTOML") ?? python, module: "bentoml", make: bentoml },
  ];
  for (const [at, server] of servers.entries()) {
    const own = `${folder}/peer${at}`;
    await Deno.mkdir(own);
    if (!await runs([server.python, "-c", `import ${server.module}, sklearn, lightgbm`])) {
      notes.push(`${server.name} is not installed for ${server.module}'s Python, and was left out`);
      continue;
    }
    if (!await runs([server.python, `${HERE}/serving_models.py`, csv, own])) {
      notes.push(`${server.name}: its models could not be trained`);
      continue;
    }
    for (const model of models) {
      found.push(await server.make(server.name, server.python, model, `${own}/${model}.joblib`));
    }
  }
  return found;
}

async function runs([command, ...args]: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, { args, env: ENV, stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

function fastapi(server: string, python: string, model: string, file: string): Promise<Peer> {
  return Promise.resolve({
    server,
    model,
    command: (port) => ({ args: [python, `${HERE}/serving_fastapi.py`, file, String(port)], env: ENV }),
  });
}

function bentoml(server: string, python: string, model: string, file: string): Promise<Peer> {
  return Promise.resolve({
    server,
    model,
    command: (port) => ({
      args: [
        python,
        "-m",
        "bentoml",
        "serve",
        "serving_bentoml:Model",
        "--port",
        String(port),
        "--host",
        "127.0.0.1",
      ],
      env: { ...ENV, MODEL: file, BENTOML_DO_NOT_TRACK: "True" },
      cwd: HERE,
    }),
  });
}

async function mlserver(server: string, python: string, model: string, file: string): Promise<Peer> {
  const folder = `${file}.mlserver`;
  await Deno.mkdir(folder);
  await Deno.writeTextFile(
    `${folder}/model-settings.json`,
    JSON.stringify({
      name: "model",
      implementation: "mlserver_sklearn.SKLearnModel",
      parameters: { uri: file },
    }),
  );
  return {
    server,
    model,
    path: "/v2/models/model/infer",
    body: (row) =>
      JSON.stringify({
        inputs: [{ name: "x", shape: [1, 20], datatype: "FP64", data: Object.values(row) }],
        outputs: [{ name: "predict_proba" }],
      }),
    command(port) {
      const settings = {
        host: "127.0.0.1",
        http_port: port,
        grpc_port: port + 1,
        metrics_port: port + 2,
        parallel_workers: 0,
        debug: false,
      };
      Deno.writeTextFileSync(`${folder}/settings.json`, JSON.stringify(settings));
      return { args: [python, "-m", "mlserver.cli.main", "start", folder], env: ENV, cwd: folder };
    },
  };
}
