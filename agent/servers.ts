/** The three servers as the agent sees them: a name, a tool, an answer. */
import {
  type CallToolResult,
  Client,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  type Transport,
} from "@modelcontextprotocol/client";
import { AppError, fromWireError, type WireError } from "@/shared/errors.ts";

export type ServerName = "kaggle" | "training" | "deploy";

export interface CallOptions {
  /** How far the call is, as often as the server tells. */
  progress?(done: number, total: number | undefined, message: string | undefined): void;
  /** Cancels the call. */
  signal?: AbortSignal;
  /** False: not called again when the server dies in the middle; the caller finds out what became of it. */
  repeatable?: boolean;
}

export type ToolResult = Record<string, unknown>;

export interface Servers {
  /**
   * Calls a tool; the server is started or connected to when it is not there yet. When it dies in the middle,
   * it is started again and the call made once more.
   * @throws AppError as the server answered it, or unavailable when it can't be reached
   */
  call(
    server: ServerName,
    tool: string,
    input: Record<string, unknown>,
    options?: CallOptions,
  ): Promise<ToolResult>;
  /** Starts a server before it is needed; a failure shows in the first call. */
  warm(server: ServerName): void;
  close(): Promise<void>;
}

/** A call that nobody will ever answer, since the server went away. */
export class ConnectionLost extends AppError {
  constructor(server: ServerName, tool: string, detail: string) {
    super(
      "unavailable",
      `Cannot finish ${tool}: the ${server}-server went away${detail ? ` (${detail})` : ""}`,
      {
        hint: `<home>/logs/${server}-server.jsonl tells why. Finished steps are kept: resume the run.`,
      },
    );
  }
}

/** A server that we started ended before it could be talked to, without a word: it was killed. */
class EndedSilently extends AppError {
  constructor(server: ServerName, error: unknown) {
    super("unavailable", `Cannot connect to the ${server}-server: it ended while it started`, {
      hint:
        `\`mlmcp doctor\` shows what this machine lacks; <home>/logs/${server}-server.jsonl has the details.`,
      cause: error,
    });
  }
}

/** How a server is reached: a way to talk, and what it said when it could not be reached. */
export interface Reached {
  transport: Transport;
  /** What it wrote on stderr so far, or its address. */
  detail(): string;
}

/** The default of the protocol is 60 s without a sign of life; loaded machines need more. */
const SILENCE_MS = 120_000;
const CONNECT_MS = 60_000;

/** @param reach makes a new way to a server; called again when the former one is lost */
export function openServers(reach: (server: ServerName) => Promise<Reached>, version: string): Servers {
  const open = new Map<ServerName, Promise<Connection>>();
  let closed = false;

  const connection = (server: ServerName): Promise<Connection> => {
    if (closed) {
      return Promise.reject(
        new AppError("cancelled", `Cannot call the ${server}-server: the agent is ending`),
      );
    }
    const known = open.get(server);
    if (known) return known;
    const made = connect(server, reach, version, () => {
      if (open.get(server) === made) open.delete(server);
    });
    open.set(server, made);
    made.catch(() => {
      if (open.get(server) === made) open.delete(server);
    });
    return made;
  };

  /** Nothing was asked yet, so one that was killed while it started is started once more. */
  const connected = async (server: ServerName): Promise<Connection> => {
    try {
      return await connection(server);
    } catch (error) {
      if (!(error instanceof EndedSilently)) throw error;
      return await connection(server);
    }
  };

  return {
    async call(server, tool, input, options = {}) {
      try {
        return await (await connected(server)).call(tool, input, options);
      } catch (error) {
        if (!(error instanceof ConnectionLost) || options.repeatable === false || options.signal?.aborted) {
          throw error;
        }
        return await (await connected(server)).call(tool, input, options);
      }
    },
    warm(server) {
      connection(server).catch(() => {});
    },
    async close() {
      closed = true;
      const all = [...open.values()];
      open.clear();
      await Promise.all(all.map((made) => made.then((one) => one.close(), () => {})));
    },
  };
}

interface Connection {
  call(tool: string, input: Record<string, unknown>, options: CallOptions): Promise<ToolResult>;
  close(): Promise<void>;
}

async function connect(
  server: ServerName,
  reach: (server: ServerName) => Promise<Reached>,
  version: string,
  lost: () => void,
): Promise<Connection> {
  const { transport, detail } = await reach(server);
  const client = new Client({ name: "mlmcp-agent", version }, { versionNegotiation: { mode: "auto" } });
  client.onclose = lost;
  try {
    await client.connect(transport, { timeout: CONNECT_MS });
  } catch (error) {
    await transport.close().catch(() => {});
    throw cannotReach(server, detail(), error);
  }
  return {
    async call(tool, input, options) {
      let result: CallToolResult;
      try {
        result = await client.callTool({ name: tool, arguments: input }, {
          timeout: SILENCE_MS,
          resetTimeoutOnProgress: true,
          ...(options.signal ? { signal: options.signal } : {}),
          ...(options.progress
            ? { onprogress: ({ progress, total, message }) => options.progress?.(progress, total, message) }
            : {}),
        });
      } catch (error) {
        throw cannotCall(server, tool, detail(), error, options.signal);
      }
      if (result.isError) throw refusalOf(tool, result);
      return (result.structuredContent ?? {}) as ToolResult;
    },
    close: () => client.close(),
  };
}

function cannotReach(server: ServerName, detail: string, error: unknown): AppError {
  if (detail === "") return new EndedSilently(server, error);
  const text = error instanceof Error ? error.message : String(error);
  if (statusOf(error) === 401 || statusOf(error) === 403) {
    return new AppError(
      "unauthenticated",
      `Cannot connect to the ${server}-server (${detail}): it refuses the token`,
      {
        hint: `Make one there with \`mlmcp token create\`, and give it as servers.${server}.token.`,
        cause: error,
      },
    );
  }
  // A server that could not start says why on its stderr, as `mlmcp x-server: what` and the way out below it.
  const said = new RegExp(`mlmcp ${server}-server: (Cannot .*)\\n?\\s*(.*)`).exec(detail);
  if (said) {
    return new AppError("unavailable", `Cannot start the ${server}-server: ${said[1]}`, {
      hint: said[2],
      cause: error,
    });
  }
  return new AppError(
    "unavailable",
    `Cannot connect to the ${server}-server: ${text}${detail ? ` (${detail})` : ""}`,
    {
      hint:
        `\`mlmcp doctor\` shows what this machine lacks; <home>/logs/${server}-server.jsonl has the details.`,
      cause: error,
    },
  );
}

const LOST: readonly string[] = [
  SdkErrorCode.ConnectionClosed,
  SdkErrorCode.NotConnected,
  SdkErrorCode.SendFailed,
];

function cannotCall(
  server: ServerName,
  tool: string,
  detail: string,
  error: unknown,
  signal?: AbortSignal,
): AppError {
  if (error instanceof AppError) return error;
  if (signal?.aborted) return new AppError("cancelled", `Cannot finish ${tool}: it was interrupted`);
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof ProtocolError) {
    return new AppError("internal", `Cannot call ${tool} of the ${server}-server: ${text}`, {
      hint: "Agent and server may be of different versions: `mlmcp --version` on both sides.",
      cause: error,
    });
  }
  if (statusOf(error) === 401 || statusOf(error) === 403) return cannotReach(server, detail, error);
  if (error instanceof SdkError && !LOST.includes(error.code)) {
    return new AppError("deadline_exceeded", `Cannot finish ${tool} of the ${server}-server: ${text}`, {
      hint: "Finished steps are kept: resume the run.",
      cause: error,
    });
  }
  return new ConnectionLost(server, tool, detail || text);
}

function statusOf(error: unknown): number | undefined {
  const found = error as { status?: unknown; data?: { status?: unknown } };
  const status = found?.status ?? found?.data?.status;
  return typeof status === "number" ? status : undefined;
}

/** What the server said it can't do, as the error it was there. */
function refusalOf(tool: string, result: CallToolResult): AppError {
  const wire = result.structuredContent as Partial<WireError> | undefined;
  if (wire?.code && wire.message) return fromWireError({ hint: "", ...wire } as WireError);
  const text = result.content.map((part) => part.type === "text" ? part.text : "").join("\n");
  return new AppError("internal", `Cannot finish ${tool}: ${text || "the server gave no reason"}`);
}
