/** What every tool owes the model that reads it, and a snapshot of its interface. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { z } from "zod";
import { SCOPES } from "@/shared/auth.ts";
import { annotationsOf, type AnyTool } from "../../servers/tool.ts";
import { SERVERS } from "./servers.ts";

const SNAPSHOTS = fileURLToPath(new URL("../snapshots", import.meta.url));

interface Schema {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

function schemasOf(tool: AnyTool<never>): { input: Schema; output: Schema } {
  return {
    input: z.toJSONSchema(tool.input, { io: "input" }) as Schema,
    output: z.toJSONSchema(tool.output, { io: "output" }) as Schema,
  };
}

/** Paths of the fields, at any depth, that say nothing about themselves. */
function undescribed(schema: Schema, path: string): string[] {
  const inner: string[] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (!field.description?.trim()) inner.push(`${path}.${name}`);
    inner.push(...undescribed(field, `${path}.${name}`));
  }
  if (schema.items) inner.push(...undescribed(schema.items, `${path}[]`));
  if (typeof schema.additionalProperties === "object") {
    inner.push(...undescribed(schema.additionalProperties, `${path}.*`));
  }
  for (const choice of [...schema.anyOf ?? [], ...schema.oneOf ?? [], ...schema.allOf ?? []]) {
    inner.push(...undescribed(choice, path));
  }
  return inner;
}

for (const [server, tools] of Object.entries(SERVERS)) {
  Deno.test(`the tools of the ${server}-server have names of their own`, () => {
    const names = tools.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });

  for (const tool of tools) {
    Deno.test(`${tool.name} tells a model what it needs to know`, () => {
      assert.match(tool.name, /^[a-z][a-z0-9]*(_[a-z0-9]+)+$|^[a-z]+$/);
      assert.ok(tool.name.length < 64, "the name is too long");
      assert.ok(tool.title.length >= 3, "the title is missing");
      assert.ok(tool.description.length >= 60, `the description is too short: ${tool.description}`);
      assert.ok(tool.scope in SCOPES, `there is no scope ${tool.scope}`);
      const hints = annotationsOf(tool);
      for (const hint of ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] as const) {
        assert.equal(typeof hints[hint], "boolean", hint);
      }
      const { input, output } = schemasOf(tool);
      assert.equal(input.type, "object");
      assert.equal(input.additionalProperties, false, "the input must be strict (z.strictObject)");
      assert.equal(output.type, "object");
      const silent = [...undescribed(input, "input"), ...undescribed(output, "output")];
      assert.deepEqual(silent, [], "fields without a description");
    });

    Deno.test(`${tool.name} keeps its interface`, async () => {
      const { input, output } = schemasOf(tool);
      const { name, title, description } = tool;
      const shown = {
        name,
        title,
        description,
        annotations: annotationsOf(tool),
        scope: tool.scope,
        input,
        output,
      };
      await compare(join(SNAPSHOTS, server, `${name}.json`), `${JSON.stringify(shown, null, 2)}\n`);
    });
  }

  Deno.test(`every snapshot of the ${server}-server belongs to a tool`, () => {
    const kept = [...Deno.readDirSync(join(SNAPSHOTS, server))].map((entry) => entry.name).sort();
    assert.deepEqual(kept, tools.map(({ name }) => `${name}.json`).sort());
  });
}

async function compare(path: string, now: string): Promise<void> {
  if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") {
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, now);
    return;
  }
  let kept: string;
  try {
    kept = await Deno.readTextFile(path);
  } catch {
    assert.fail(
      `there is no snapshot ${path}: look at the interface, then run the test with UPDATE_SNAPSHOTS=1`,
    );
  }
  if (kept === now) return;
  assert.fail(
    `the interface changed:\n${difference(kept, now)}\n` +
      "Hosts and prompts rely on it. If the change is meant, run the test with UPDATE_SNAPSHOTS=1 and commit the file.",
  );
}

/** The lines that went (-) and came (+), in order, by the longest common subsequence. */
export function difference(before: string, after: string): string {
  const a = before.split("\n");
  const b = after.split("\n");
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) [i, j] = [i + 1, j + 1];
    else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) {
      lines.push(`- ${a[i++].trim()}`);
    } else lines.push(`+ ${b[j++].trim()}`);
  }
  return lines.join("\n");
}

Deno.test("a changed interface is shown as the lines that went and came", () => {
  assert.equal(difference("a\nb\nc", "a\nx\nc\nd"), "- b\n+ x\n+ d");
});
