/**
 * The emulator's own switches over HTTP, for programs that can't reach into its process:
 * GET, POST (merge) and DELETE (reset) /emulator/faults; POST /emulator/expire-links; GET and DELETE
 * /emulator/requests. Credentials are not shown.
 */
import { z } from "zod";
import { FAULTS_SCHEMA, noFaults } from "./faults.ts";
import type { State } from "./state.ts";

export async function control(state: State, request: Request): Promise<Response> {
  const call = `${request.method} ${new URL(request.url).pathname}`;
  switch (call) {
    case "POST /emulator/faults": {
      const asked = FAULTS_SCHEMA.safeParse(await request.json().catch(() => null));
      if (!asked.success) {
        const message = `Cannot set the faults: ${z.prettifyError(asked.error)}`;
        return Response.json({ code: 400, message }, { status: 400 });
      }
      Object.assign(state.faults, asked.data);
      return Response.json(shownFaults(state));
    }
    case "DELETE /emulator/faults":
      Object.assign(state.faults, noFaults());
      return Response.json(shownFaults(state));
    case "GET /emulator/faults":
      return Response.json(shownFaults(state));
    case "POST /emulator/expire-links":
      state.links.expireAll();
      return Response.json({});
    case "GET /emulator/requests":
      return Response.json(state.seen.map((seen) => {
        const { authorization, ...headers } = seen.headers;
        return { ...seen, headers, ...(authorization ? { credential: authorization.split(" ")[0] } : {}) };
      }));
    case "DELETE /emulator/requests":
      state.seen.length = 0;
      return Response.json({});
    default:
      return Response.json({ code: 404, message: `The emulator has no ${call}` }, { status: 404 });
  }
}

function shownFaults({ faults }: State): Record<string, unknown> {
  const { archive: _archive, hold: _hold, ...shown } = faults;
  return { ...shown, rangeBytes: Number.isFinite(faults.rangeBytes) ? faults.rangeBytes : null };
}
