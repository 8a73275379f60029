/** The page that goes with an exported endpoint: what is in the folder, and the commands. */
import { environmentOf, type Exported, imageOf, PORT, type Target } from "./exported.ts";

export function exportReadme(exported: Exported, target: Target, files: readonly string[]): string {
  const { endpoint, model_id, version, artifact_sha256, has_binary, api_key_sha256 } = exported;
  const image = imageOf(exported);
  const key = api_key_sha256.length > 0 ? " -H 'authorization: Bearer YOUR_KEY'" : "";
  const environment = Object.entries(environmentOf(exported)).map(([name, value]) =>
    `    export ${name}=${value}\n`
  );
  return `# ${endpoint}: ${model_id}, version ${version}

One model and the program that serves it. The model's file has the SHA-256 \`${artifact_sha256}\`.

${files.map((name) => `- \`${name}\``).join("\n")}
${
    has_binary ? "" : `
**The program is missing**: this folder was written by mlmcp running from source. Build it with \`deno task compile\`
on Linux, and copy \`dist/mlmcp\` here.
`
  }
## Run it

${COMMANDS[target](image)}

Without a container:

${environment.join("")}    ./mlmcp serve model.safetensors --port ${PORT}

## Ask it

    curl -s http://127.0.0.1:${PORT}/metadata${key}

\`/docs\` describes every route; \`/health/live\` and \`/health/ready\` are for probes, \`/metrics\` for Prometheus.
${
    api_key_sha256.length > 0
      ? "\nThe endpoint's API keys go on working: only their hashes are in this folder.\n"
      : ""
  }
The process holds no rights once it listens: it can't read a file, call anyone or start anything. The container adds
to that: no root, no capability, nothing writable.
`;
}

const COMMANDS: Record<Target, (image: string) => string> = {
  docker: (image) =>
    `    docker build -t ${image} .
    docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges -p ${PORT}:${PORT} ${image}`,
  compose: () => `    docker compose up --build --detach`,
  kubernetes: (image) =>
    `    docker build -t REGISTRY/${image} .
    docker push REGISTRY/${image}
    (cd kubernetes && kustomize edit set image ${image.split(":")[0]}=REGISTRY/${image})
    kubectl apply -k kubernetes

The manifests ask for Kubernetes 1.30 or later (preStop sleep). Scaling by load needs metrics-server, the network
policy a network that enforces it.`,
};
