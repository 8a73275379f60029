/** A Worker with the rights of the training-server that tries every way to the sealed rows, and tells which is open. */
import { join } from "node:path";
import { homeAt } from "@/shared/home.ts";

const port = self as unknown as {
  postMessage(message: unknown): void;
  onmessage: (event: MessageEvent<{ home: string; sealed: string }>) => void;
};

port.onmessage = ({ data: { home: path, sealed } }) => {
  const home = homeAt(path);
  const learnt = join(home.datasets, "learnt");
  const attempts: Record<string, () => unknown> = {
    "read": () => Deno.readFileSync(sealed),
    "open": () => Deno.openSync(sealed).close(),
    "list": () => [...Deno.readDirSync(home.holdouts)],
    "copy": () => Deno.copyFileSync(sealed, learnt),
    "move": () => Deno.renameSync(sealed, learnt),
    "move the folder": () => Deno.renameSync(home.holdouts, learnt),
    "link": () => Deno.linkSync(sealed, learnt),
    "symlink": () => Deno.symlinkSync(sealed, learnt),
    "way round": () => Deno.readFileSync(join(home.datasets, "..", "holdouts", sealed.split("/").pop()!)),
    "give to a Worker": () =>
      new Worker(import.meta.resolve("./training_rights_worker.ts"), {
        type: "module",
        deno: { permissions: { read: [sealed] } },
      }).terminate(),
    "allowed: read elsewhere in the home": () => Deno.readFileSync(join(home.datasets, "table.csv")),
  };
  const found = Object.entries(attempts).map(([name, attempt]) => {
    try {
      attempt();
      return `${name}: open`;
    } catch (error) {
      return `${name}: ${(error as Error).name}`;
    }
  });
  port.postMessage(found);
};
