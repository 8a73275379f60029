/** `mlmcp kaggle-server`: data sets in. */
import { serverCommand } from "../serve.ts";
import { openKaggleServices } from "./services.ts";
import { SPEC } from "./tools.ts";

export const command = serverCommand(SPEC, (context, log) => {
  const services = openKaggleServices(context, log);
  return Promise.resolve({ services, close: () => services.downloads.close() });
});
