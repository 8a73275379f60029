/** Data from elsewhere than Kaggle, in the program as a person runs it: by address, and by path. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { findSample } from "@/dataset/samples.ts";
import { sha256Hex } from "@/shared/hash.ts";
import { startWeb } from "../sources/web_server.ts";
import { lineageIn } from "./lineage.ts";
import { inSandbox, programs } from "./program.ts";

const IRIS = findSample("iris").text;
const LEARN = ["--target", "species", "--algorithm", "gaussian_nb", "--no-deploy", "--yes", "--json"];

for (const program of await programs()) {
  const options = { ignore: program.missing !== null };

  Deno.test(
    `${program.name}: a model is made from a table at an address, and says so; other hosts are refused`,
    options,
    () =>
      inSandbox(program, async (sandbox) => {
        const web = startWeb({
          "/moved": { body: "", status: 302, headers: { location: "/data/iris.csv" } },
          "/data/iris.csv": { body: IRIS, headers: { etag: '"v1"' } },
          "/away": { body: "", status: 302, headers: { location: "http://localhost:1/iris.csv" } },
        });
        const env = { MLMCP_SOURCES_ALLOWED_HOSTS: web.host };
        try {
          const agent = (url: string, env: Record<string, string>) =>
            sandbox.run(["agent", "predict the species", "--dataset", url, ...LEARN], { env });
          for (const [url, given] of [[web.url("/moved"), {}], [web.url("/away"), env]] as const) {
            const { code, stdout } = await agent(url, given);
            assert.notEqual(code, 0);
            assert.match(stdout, /not among the allowed hosts.*sources\.allowed_hosts/s);
          }
          const { code, stderr } = await agent(web.url("/moved"), env);
          assert.equal(code, 0, stderr);
          assert.deepEqual(lineageIn(sandbox), {
            ref: web.url("/moved"),
            version: '"v1"',
            license: "unknown",
            sha256: sha256Hex(new TextEncoder().encode(IRIS)),
          });
        } finally {
          await web.close();
        }
      }),
  );

  Deno.test(
    `${program.name}: a path with spaces and letters of any language is learnt from, and the model names it`,
    options,
    () =>
      inSandbox(program, async (sandbox) => {
        Deno.mkdirSync(join(sandbox.folder, "Größe 数据"));
        const path = sandbox.write("Größe 数据/été 1.csv", IRIS);
        const given = join("Größe 数据", "été 1.csv");
        const { code, stderr } = await sandbox.run([
          "agent",
          "predict the species",
          "--dataset",
          given,
          ...LEARN,
        ]);
        assert.equal(code, 0, stderr);
        const { ref, sha256 } = lineageIn(sandbox);
        assert.deepEqual([ref, sha256], [path, sha256Hex(new TextEncoder().encode(IRIS))]);
      }),
  );

  Deno.test(
    `${program.name}: a path is refused that leads out of the allowed folders, or to several tables`,
    options,
    () =>
      inSandbox(program, async (sandbox) => {
        Deno.mkdirSync(join(sandbox.folder, "data"));
        sandbox.write("data/a.csv", IRIS);
        sandbox.write("data/b.csv", IRIS);
        sandbox.write("secret.csv", IRIS);
        Deno.symlinkSync(join(sandbox.folder, "secret.csv"), join(sandbox.folder, "data", "way out.csv"));
        const env = { MLMCP_DATA_FOLDERS: join(sandbox.folder, "data") };
        const cases: [string, RegExp][] = [
          ["data", /holds 2.*a\.csv, b\.csv/s],
          ["data/way out.csv", /outside the allowed data folders/],
          ["./secret.csv", /outside the allowed data folders/],
          ["data/none.csv", /no such file/],
        ];
        for (const [given, message] of cases) {
          const { code, stdout } = await sandbox.run(["agent", "x", "--dataset", given, ...LEARN], { env });
          assert.notEqual(code, 0);
          assert.match(stdout, message, given);
        }
      }),
  );
}
