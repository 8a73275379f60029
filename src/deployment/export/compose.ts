/** Source: https://github.com/compose-spec/compose-spec/blob/main/spec.md */
import { stringify } from "yaml";
import { environmentOf, type Exported, imageOf, memoryOf, PORT } from "./exported.ts";

export function composeFile(exported: Exported): string {
  const { replicas } = exported;
  return stringify({
    services: {
      model: {
        build: ".",
        image: imageOf(exported),
        // Each replica gets a port of its own from this range.
        ports: [replicas === 1 ? `${PORT}:${PORT}` : `${PORT}-${PORT + replicas - 1}:${PORT}`],
        ...withEnvironment(exported),
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        pids_limit: 128,
        restart: "unless-stopped",
        stop_grace_period: "30s",
        deploy: {
          replicas,
          resources: { limits: { cpus: "1.0", memory: `${memoryOf(exported).limit_mb}M` } },
        },
      },
    },
  });
}

function withEnvironment(exported: Exported): { environment?: Record<string, string> } {
  const environment = environmentOf(exported);
  return Object.keys(environment).length === 0 ? {} : { environment };
}
