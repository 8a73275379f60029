/** The training-server's tools with their real services and a door to files, in a folder of its own. */
import { join } from "node:path";
import { type DoorRequest, type FileDoor, openDoor } from "@/shared/file_door.ts";
import { openLog } from "@/shared/log.ts";
import { openTrainingServices } from "../../../servers/training/services.ts";
import { TOOLS } from "../../../servers/training/tools.ts";
import { atDesk, commandIn, type Desk } from "../in_memory.ts";

/** Files that the work writes into `folder` can be named by path; the home is `<folder>/home`. */
export async function atTraining(work: (desk: Desk, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "mlmcp_findings_" }));
  const policy = { cwd: folder, folders: [], home: join(folder, "home") };
  const ask = <T>(request: DoorRequest) => openDoor(request, policy) as Promise<T>;
  const door: FileDoor = {
    findTables: (path) => ask({ op: "find_tables", path }),
    readTable: (path, range) => ask({ op: "read_table", path, ...(range ? { range } : {}) }),
    readModel: (path) => ask({ op: "read_model", path }),
    writeModel: () => Promise.reject(new Error("nothing is written here")),
    writePage: () => Promise.reject(new Error("nothing is written here")),
    writeFolder: () => Promise.reject(new Error("nothing is written here")),
  };
  const command = { ...commandIn(policy.home), door };
  const { services, close } = await openTrainingServices(command, openLog(null, "test", "error"));
  try {
    await atDesk({ era: "modern", tools: TOOLS, services, command }, (desk) => work(desk, folder));
  } finally {
    await close();
    await Deno.remove(folder, { recursive: true });
  }
}
