/** Every server has the same door: strict arguments, scopes, audit, errors with a way out. In both protocol eras. */
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type Caller, type Scope, SCOPES } from "@/shared/auth.ts";
import { AppError } from "@/shared/errors.ts";
import type { AnyTool } from "../../servers/tool.ts";
import { atDesk, commandIn, type Desk, ERAS } from "../servers/in_memory.ts";
import { SERVERS } from "./servers.ts";

/** Calls that the door refuses must not reach the services: touching them fails. */
const UNTOUCHED = new Proxy({}, {
  get(_, name) {
    throw new Error(`the door let a call through to services.${String(name)}`);
  },
});

async function inHome(work: (home: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await work(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const NOBODY: Caller = { name: "nobody", scopes: [], run_id: "run_1" };

for (const [server, tools] of Object.entries(SERVERS)) {
  for (const era of ERAS) {
    const at = (home: string, caller: Caller | undefined, work: (desk: Desk) => Promise<void>) =>
      atDesk({
        era,
        tools: tools as readonly AnyTool<unknown>[],
        services: UNTOUCHED,
        command: commandIn(home),
        caller,
      }, work);

    Deno.test(`the ${server}-server lists its tools with schemas and annotations (${era})`, () =>
      inHome((home) =>
        at(home, undefined, async ({ client }) => {
          const listed = (await client.listTools()).tools;
          assert.deepEqual(listed.map(({ name }) => name), tools.map(({ name }) => name));
          for (const tool of listed) {
            assert.equal(tool.inputSchema.additionalProperties, false, tool.name);
            assert.equal(tool.outputSchema?.type, "object", tool.name);
            assert.equal(
              Object.keys(tool.annotations ?? {}).filter((hint) => hint.endsWith("Hint")).length,
              4,
              tool.name,
            );
          }
        })
      ));

    Deno.test(`every tool of the ${server}-server refuses an unknown field, naming it and the known ones (${era})`, () =>
      inHome((home) =>
        at(home, undefined, async (desk) => {
          const listed = (await desk.client.listTools()).tools;
          for (const { name } of tools) {
            const { isError, structured, text } = await desk.call(name, { nonsense: 1 });
            assert.equal(isError, true, name);
            // As the clients of the SDK's 1.x do, which else show that instead of the error.
            const matches = new Ajv2020({ strict: false, validateFormats: false }).compile(
              listed.find((tool) => tool.name === name)!.outputSchema!,
            );
            assert.ok(matches(structured), `${name}: ${JSON.stringify(matches.errors)}`);
            assert.deepEqual(Object.keys(structured).sort(), ["code", "hint", "message"], name);
            assert.equal(structured.code, "invalid_argument", name);
            assert.match(String(structured.message), /nonsense/, name);
            assert.match(String(structured.hint), /^It takes \{/, name);
            assert.match(text, /nonsense[\s\S]*It takes[\s\S]*\(invalid_argument\)/, name);
          }
        })
      ));

    Deno.test(`every tool of the ${server}-server refuses a caller without its scope, and writes it down (${era})`, () =>
      inHome((home) =>
        at(home, NOBODY, async (desk) => {
          for (const { name, scope } of tools) {
            const { isError, structured } = await desk.call(name, {});
            assert.equal(isError, true, name);
            assert.equal(structured.code, "permission_denied", name);
            assert.match(String(structured.message), new RegExp(scope), name);
          }
          const rows = desk.audit().reverse();
          assert.deepEqual(rows.map(({ tool }) => tool), tools.map(({ name }) => name));
          for (const row of rows) {
            assert.deepEqual([row.caller, row.run_id, row.outcome], ["nobody", "run_1", "permission_denied"]);
            assert.match(row.arguments_sha256, /^[0-9a-f]{64}$/);
          }
        })
      ));

    Deno.test(`one scope opens the tools of the ${server}-server that name it, and no other (${era})`, () =>
      inHome(async (home) => {
        for (const scope of Object.keys(SCOPES) as Scope[]) {
          await at(home, { ...NOBODY, scopes: [scope] }, async (desk) => {
            for (const tool of tools) {
              const { structured } = await desk.call(tool.name, { nonsense: 1 });
              assert.equal(
                structured.code,
                tool.scope === scope ? "invalid_argument" : "permission_denied",
                `${tool.name}, ${scope}`,
              );
            }
          });
        }
      }));
  }
}

Deno.test("an unexpected error of a tool shows no inside, and a tool's own error shows its way out", async () => {
  const { z } = await import("zod");
  const { defineTool } = await import("../../servers/tool.ts");
  const failing = (name: string, error: Error) =>
    defineTool<unknown, unknown, unknown>({
      name,
      title: name,
      description: name,
      effect: "read",
      scope: "models:read",
      input: z.strictObject({}),
      output: z.object({}),
      run: () => Promise.reject(error),
    });
  const tools = [
    failing("breaks", new Error("password=1234")),
    failing("refuses", new AppError("not_found", "Cannot find it: it is gone", { hint: "Look elsewhere." })),
  ];
  for (const era of ERAS) {
    await inHome((home) =>
      atDesk({ era, tools, services: {}, command: commandIn(home) }, async (desk) => {
        const quiet = console.error;
        console.error = () => {};
        const broken = await desk.call("breaks", {});
        console.error = quiet;
        assert.equal(broken.structured.code, "internal");
        assert.doesNotMatch(JSON.stringify(broken), /1234/);
        const refused = await desk.call("refuses", {});
        assert.deepEqual(refused.structured, {
          code: "not_found",
          message: "Cannot find it: it is gone",
          hint: "Look elsewhere.",
        });
        assert.deepEqual(desk.audit().map(({ outcome }) => outcome), ["not_found", "internal"]);
      })
    );
  }
});
