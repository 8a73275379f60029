/** The table of subcommands: a sentence each, and where its room begins. */
import type { Command } from "@/shared/command.ts";
import type { ConfinedCommand } from "@/shared/confine.ts";

export interface CommandEntry {
  summary: string;
  /** Hidden ones are started by mlmcp itself. */
  hidden?: boolean;
  load(): Promise<{ command: Command }>;
}

export const COMMANDS: Record<ConfinedCommand, CommandEntry> = {
  "agent": {
    summary: "turn a request into a deployed, tested, watched model",
    load: () => import("./agent/main.ts"),
  },
  "kaggle-server": {
    summary: "MCP server: find and download data sets",
    load: () => import("./servers/kaggle/main.ts"),
  },
  "training-server": {
    summary: "MCP server: train, validate and keep models",
    load: () => import("./servers/training/main.ts"),
  },
  "deploy-server": {
    summary: "MCP server: deploy, test and roll back endpoints",
    load: () => import("./servers/deploy/main.ts"),
  },
  "profile": {
    summary: "what is in a table: text, JSON or a page with plots",
    load: () => import("./servers/training/profile_command.ts"),
  },
  "status": {
    summary: "endpoints, replicas and running jobs",
    load: () => import("./src/deployment/status_command.ts"),
  },
  "stop": {
    summary: "stop one endpoint, or everything",
    load: () => import("./src/deployment/stop_command.ts"),
  },
  "audit": {
    summary: "every tool call: who, what, when, how it ended",
    load: () => import("./src/admin/audit.ts"),
  },
  "token": { summary: "create, list and revoke tokens", load: () => import("./src/admin/token.ts") },
  "doctor": {
    summary: "what this machine lacks, and the command that mends each",
    load: () => import("./src/admin/doctor.ts"),
  },
  "host-config": {
    summary: "the snippet that installs the three servers in a host",
    load: () => import("./src/admin/host_config.ts"),
  },
  "supervisor": {
    summary: "owns the replicas of all endpoints",
    hidden: true,
    load: () => import("./src/deployment/supervisor_command.ts"),
  },
};

export interface ProgramEntry {
  summary: string;
  hidden?: boolean;
  load(): Promise<{ run(args: string[], env: Record<string, string>): Promise<void> }>;
}

/**
 * What serves: it runs in the main thread, since it is one function of one model, and gives up every right itself as
 * soon as it listens.
 */
export const PROGRAMS: Record<string, ProgramEntry> = {
  "serve": {
    summary: "serve one model file, as exported endpoints do",
    load: () => import("./src/serving/serve_file.ts"),
  },
  "serve-model": {
    summary: "one replica of an endpoint",
    hidden: true,
    load: () => import("./src/serving/main.ts"),
  },
};
