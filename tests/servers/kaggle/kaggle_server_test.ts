import assert from "node:assert/strict";
import { Downloads } from "@/kaggle/downloads.ts";
import { parseRef } from "@/kaggle/ref.ts";
import { openLog } from "@/shared/log.ts";
import { type KaggleServices, openKaggleServices } from "../../../servers/kaggle/services.ts";
import { TOOLS } from "../../../servers/kaggle/tools.ts";
import { bytesOf, flowers, noise, withScene } from "../../kaggle/scene.ts";
import type { EmulatedDataset } from "../../kaggle/emulator/datasets.ts";
import type { Emulator } from "../../kaggle/emulator/emulator.ts";
import { startWeb } from "../../sources/web_server.ts";
import { atDesk, commandIn, type Desk, type Era, ERAS } from "../in_memory.ts";

interface Stage {
  desk: Desk;
  kaggle: Emulator;
  services: KaggleServices;
}

/** The server's tools before an emulated Kaggle, through a real client. */
function onStage(era: Era, datasets: Record<string, EmulatedDataset>, work: (stage: Stage) => Promise<void>) {
  return withScene(datasets, async ({ kaggle, folder, client }) => {
    const config = { "kaggle.url": kaggle.url, "kaggle.storage_hosts": [kaggle.storageHost] };
    const command = commandIn(folder, { KAGGLE_API_TOKEN: "KGAT_secret" }, config);
    const opened = openKaggleServices(command, openLog(null, "test", "error"));
    // The real services, but for waits between tries.
    opened.client.options.retry = client().options.retry;
    try {
      await atDesk(
        { era, tools: TOOLS, services: opened, command },
        (desk) => work({ desk, kaggle, services: opened }),
      );
    } finally {
      await opened.downloads.close();
    }
  });
}

async function ok(desk: Desk, tool: string, input: Record<string, unknown>) {
  const answer = await desk.call(tool, input);
  assert.equal(answer.isError, false, answer.text);
  return answer.structured;
}

const MONDAY = "Mon, 06 Jan 2025 10:00:00 GMT";
const ONE = { "some/flowers": flowers() };
const TABLES = flowers({
  files: { "readme.md": bytesOf("# hi"), "data/train.csv": bytesOf("a,b\n1,x\n2,y\n") },
});

for (const era of ERAS) {
  Deno.test(`an embedded data set answers in every tool without a network (${era})`, () =>
    onStage(era, {}, async ({ desk, kaggle }) => {
      kaggle.faults.api = Array(20).fill(503);
      const found = await ok(desk, "search_datasets", { query: "flowers iris" });
      const [iris] = found.datasets as Record<string, unknown>[];
      assert.deepEqual([iris.ref, iris.origin, iris.target, iris.rows], [
        "sample/iris",
        "sample",
        "species",
        150,
      ]);
      assert.match((found.notes as string[])[0], /Only embedded data sets/);
      const asked = kaggle.seen.length;
      const about = await ok(desk, "get_dataset_metadata", { ref: "sample/iris" });
      assert.deepEqual([about.license, about.task], ["CC-BY-4.0", "classification"]);
      const { files } = await ok(desk, "list_dataset_files", { ref: "sample/iris" });
      assert.deepEqual((files as { name: string }[]).map(({ name }) => name), ["iris.csv"]);
      const shown = await ok(desk, "preview_dataset_file", { ref: "sample/iris", rows: 2 });
      assert.deepEqual([
        shown.read_from,
        (shown.rows as unknown[]).length,
        (shown.columns as unknown[]).length,
      ], ["sample", 2, 5]);
      const first = await ok(desk, "download_dataset", { ref: "sample/iris" });
      assert.deepEqual([first.status, first.cached, first.ref], ["succeeded", false, "sample/iris"]);
      const [file] = first.files as { path: string; size_bytes: number }[];
      assert.equal((await Deno.stat(file.path)).size, file.size_bytes);
      assert.ok(file.path.startsWith(String(first.path)));
      const again = await ok(desk, "download_dataset", { ref: "sample/iris" });
      assert.deepEqual([again.cached, again.dataset_id], [true, first.dataset_id]);
      assert.equal(kaggle.seen.length, asked, "nothing was asked of Kaggle");
    }));

  Deno.test(`a data set of Kaggle is found, described, listed, previewed and downloaded (${era})`, () =>
    onStage(era, { "some/flowers": TABLES }, async ({ desk, kaggle }) => {
      const found = await ok(desk, "search_datasets", { query: "flowers of the field", owner: "some" });
      assert.deepEqual((found.datasets as { ref: string }[]).map(({ ref }) => ref), ["some/flowers"]);
      const about = await ok(desk, "get_dataset_metadata", { ref: "some/flowers" });
      assert.deepEqual([about.version, about.tags, about.licenses], [3, ["biology"], ["CC0: Public Domain"]]);
      const { files } = await ok(desk, "list_dataset_files", { ref: "some/flowers", limit: 1 });
      assert.deepEqual(files, [{ name: "readme.md", size_bytes: 4, created_at: "2026-02-13T06:56:19.803Z" }]);
      const remote = await ok(desk, "preview_dataset_file", { ref: "some/flowers" });
      assert.deepEqual([remote.read_from, remote.file, remote.rows], ["kaggle", "data/train.csv", [[1, "x"], [
        2,
        "y",
      ]]]);
      assert.match(kaggle.seen.at(-1)?.headers.range ?? "", /^bytes=0-\d+$/);
      const got = await ok(desk, "download_dataset", { ref: "some/flowers" });
      assert.deepEqual([got.status, got.version, got.license, got.cached], [
        "succeeded",
        "3",
        "CC0: Public Domain",
        false,
      ]);
      assert.equal((await ok(desk, "preview_dataset_file", { ref: "some/flowers" })).read_from, "store");
      for (const seen of kaggle.seen.filter(({ host }) => host === "storage")) {
        assert.equal(
          JSON.stringify(seen).includes("KGAT_secret"),
          false,
          "the storage host saw the credential",
        );
      }
      assert.equal(desk.audit().every(({ outcome }) => outcome === "ok"), true);
    }));

  Deno.test(`a page of files leads to the next one (${era})`, () => {
    const files = Object.fromEntries(["a", "b", "c"].map((name) => [`${name}.csv`, bytesOf(name)]));
    return onStage(era, { "some/flowers": flowers({ files }) }, async ({ desk }) => {
      const first = await ok(desk, "list_dataset_files", { ref: "some/flowers", limit: 2 });
      const input = { ref: "some/flowers", limit: 2, cursor: first.next_cursor };
      const second = await ok(desk, "list_dataset_files", input);
      assert.deepEqual((second.files as { name: string }[]).map(({ name }) => name), ["c.csv"]);
      assert.equal(second.next_cursor, null);
      const elsewhere = await desk.call("list_dataset_files", { ...input, ref: "some/other" });
      assert.equal(elsewhere.structured.code, "invalid_argument");
    });
  });

  Deno.test(`a download that outlasts its wait is followed to its end, with progress (${era})`, () =>
    onStage(
      era,
      { "some/flowers": flowers({ files: { "big.csv": noise(300_000) } }) },
      async ({ desk, kaggle }) => {
        const held = Promise.withResolvers<void>();
        kaggle.faults.hold = held.promise;
        const started = await ok(desk, "download_dataset", { ref: "some/flowers", wait_s: 0 });
        assert.deepEqual([started.status, started.dataset_id], ["running", undefined]);
        const told: number[] = [];
        const following = desk.client.callTool({
          name: "get_download",
          arguments: { download_id: started.download_id, wait_s: 45 },
        }, {
          onprogress: ({ progress }) => {
            told.push(progress);
            held.resolve();
          },
        });
        const ended = (await following).structuredContent as Record<string, unknown>;
        assert.deepEqual([ended.status, ended.download_id, ended.cached], [
          "succeeded",
          started.download_id,
          false,
        ]);
        assert.ok(
          told.length > 0 && told.every((value, i) => i === 0 || value > told[i - 1]),
          `progress: ${told}`,
        );
      },
    ));

  Deno.test(`cancelling a call stops its download, and the audit says so (${era})`, () =>
    onStage(
      era,
      { "some/flowers": flowers({ files: { "big.csv": noise(300_000) } }) },
      async ({ desk, kaggle, services }) => {
        const held = Promise.withResolvers<void>();
        kaggle.faults.hold = held.promise;
        const begun = Promise.withResolvers<Downloads>();
        const start = services.downloads.start;
        services.downloads.start = (request) => {
          const download = start.call(services.downloads, request);
          void download.finished.then(() => begun.resolve(services.downloads));
          return download;
        };
        const stop = new AbortController();
        const options = { signal: stop.signal, onprogress: () => stop.abort(new Error("enough")) };
        await assert.rejects(
          desk.client.callTool(
            { name: "download_dataset", arguments: { ref: "some/flowers", wait_s: 45 } },
            options,
          ),
        );
        await begun.promise;
        held.resolve();
        const following = await ok(desk, "download_dataset", { ref: "some/flowers" });
        assert.equal(following.status, "succeeded");
        assert.deepEqual(desk.audit().map(({ tool, outcome }) => [tool, outcome]), [
          ["download_dataset", "ok"],
          ["download_dataset", "cancelled"],
        ]);
      },
    ));

  Deno.test(`a refusal of Kaggle reaches the caller with its way out (${era})`, () =>
    onStage(era, { "some/flowers": flowers({ needsConsent: true }) }, async ({ desk }) => {
      const { isError, structured } = await desk.call("download_dataset", { ref: "some/flowers" });
      assert.equal(isError, true);
      assert.equal(structured.code, "failed_precondition");
      assert.match(String(structured.hint), /https:\/\/www\.kaggle\.com\/datasets\/some\/flowers/);
      const missing = await desk.call("get_dataset_metadata", { ref: "some/none" });
      assert.equal(missing.structured.code, "permission_denied");
      assert.match(String(missing.structured.message), /does not exist, is private, was removed/);
    }));
}

Deno.test("what is not there is refused with the names that are", () =>
  onStage("legacy", ONE, async ({ desk }) => {
    const expected: [string, Record<string, unknown>, RegExp][] = [
      ["get_dataset_metadata", { ref: "sample/none" }, /sample\/iris/],
      ["download_dataset", { ref: "sample/iris", files: ["x.csv"] }, /iris\.csv/],
      ["preview_dataset_file", { ref: "sample/iris/x.csv" }, /iris\.csv/],
      ["preview_dataset_file", { ref: "some/flowers", file: "no.csv" }, /list_dataset_files/],
      ["get_download", { download_id: "dl_none" }, /download_dataset again/],
    ];
    for (const [tool, input, hint] of expected) {
      const { structured } = await desk.call(tool, input);
      assert.equal(structured.code, "not_found", JSON.stringify(structured));
      assert.match(String(structured.hint), hint);
    }
  }));

Deno.test("a preview asks for a range, and for all of a file only where its rows are no lines", () => {
  const list = Array.from({ length: 40_000 }, (_, i) => ({ id: i, name: `row ${i}` }));
  const lines = bytesOf(list.map((row) => JSON.stringify(row)).join("\n"));
  const files = { "list.json": bytesOf(JSON.stringify(list)), "lines.jsonl": lines };
  return onStage("modern", { "some/flowers": flowers({ files }) }, async ({ desk, kaggle }) => {
    for (const [file, ends] of [["lines.jsonl", [524287]], ["list.json", [524287, 16777215]]] as const) {
      kaggle.seen.length = 0;
      const shown = await ok(desk, "preview_dataset_file", { ref: "some/flowers", file, rows: 2 });
      assert.deepEqual(shown.rows, [[0, "row 0"], [1, "row 1"]]);
      const ranges = kaggle.seen.filter(({ host }) => host === "storage").map(({ headers }) => headers.range);
      assert.deepEqual(ranges, ends.map((end) => `bytes=0-${end}`));
    }
  });
});

Deno.test("a search is filtered and sorted, its results can be chosen from, and pages hold each once", () => {
  const datasets = Object.fromEntries(
    Array.from({ length: 25 }, (_, i) => [
      `ann/cells-${i}`,
      flowers({
        title: `Cells ${i}`,
        votes: (i * 7) % 25,
        usability: i / 25,
        license: i % 5 === 0 ? "GPL 2" : "CC0: Public Domain",
        files: { [i % 2 ? "a.json" : "a.csv"]: noise(100 * (i + 1)) },
      }),
    ]),
  );
  return onStage("modern", datasets, async ({ desk, kaggle }) => {
    type Found = { ref: string; votes: number; size_bytes: number; license: string; usability: number };
    const all = async (input: Record<string, unknown>) => {
      const found: Found[] = [];
      let cursor: unknown;
      do {
        const page = await ok(desk, "search_datasets", { query: "cells", limit: 4, ...input, cursor });
        found.push(...(page.datasets as Found[]).filter(({ ref }) => ref.startsWith("ann/")));
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
      return found;
    };
    for (const styles of ["both", "rest"] as const) {
      kaggle.faults.styles = styles;
      const byVotes = await all({ sort_by: "votes", owner: "ann" });
      assert.deepEqual(
        byVotes.map(({ votes }) => votes),
        Array.from({ length: 25 }, (_, i) => 24 - i),
        styles,
      );
      const sized = await all({ min_size_bytes: 1000, max_size_bytes: 1200, owner: "ann" });
      assert.deepEqual(sized.map(({ size_bytes }) => size_bytes).sort(), [1000, 1100, 1200]);
      assert.equal((await all({ license: "gpl", owner: "ann" })).length, 5);
      assert.equal((await all({ file_type: "json", owner: "ann" })).length, 12);
      const [best] = await all({ sort_by: "usability", owner: "ann" });
      assert.deepEqual([best.ref, best.usability, best.license], [
        "ann/cells-24",
        0.96,
        "CC0: Public Domain",
      ]);
    }
  });
});

Deno.test("a failed download that is followed says why", () =>
  onStage("legacy", {}, async ({ desk, services }) => {
    // Not through download_dataset, which may see it fail before it answers, and then says so itself.
    const ref = parseRef("some/none");
    assert.ok(ref.kind !== "sample");
    const { download_id } = services.downloads.start({ ref, files: null, force: false });
    const ended = await ok(desk, "get_download", { download_id });
    assert.equal(ended.status, "failed");
    assert.equal((ended.error as { code: string }).code, "permission_denied");
  }));

Deno.test("a credential is not sent over an open line to another machine", async () => {
  const home = await Deno.makeTempDir();
  try {
    const origins = ["http://kaggle.example", "https://kaggle.example", "http://127.0.0.1:7777"].map(
      (url) => {
        const command = commandIn(home, { KAGGLE_API_TOKEN: "KGAT_1" }, { "kaggle.url": url });
        return openKaggleServices(command, openLog(null, "test", "error")).client.options.credential.kind;
      },
    );
    assert.deepEqual(origins, ["none", "token", "token"]);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("an https address is described, previewed, downloaded once, and refused where it is not allowed", () =>
  onStage("modern", {}, async ({ desk, kaggle, services }) => {
    const web = startWeb({
      "/d/flowers.csv": { body: "a,b\n1,x\n2,y\n", headers: { etag: '"one"', "last-modified": MONDAY } },
    });
    try {
      const ref = web.url("/d/flowers.csv");
      const refused = async (tool: string, input: Record<string, unknown>) =>
        (await desk.call(tool, input)).structured;
      for (const tool of ["get_dataset_metadata", "preview_dataset_file", "download_dataset"]) {
        const { code, message, hint } = await refused(tool, { ref });
        assert.equal(code, "permission_denied");
        assert.match(`${message} ${hint}`, /allowed hosts.*sources\.allowed_hosts/);
      }
      assert.equal(web.seen.length, 0, "a host that is not listed is not asked");

      services.web.allowedHosts = [web.host];
      const about = await ok(desk, "get_dataset_metadata", { ref });
      assert.deepEqual(
        [about.origin, about.title, about.license, about.size_bytes, about.updated_at],
        ["web", "flowers.csv", "unknown", 12, "2025-01-06T10:00:00.000Z"],
      );
      const preview = await ok(desk, "preview_dataset_file", { ref });
      assert.deepEqual([preview.read_from, preview.rows], ["web", [[1, "x"], [2, "y"]]]);
      const { dataset_id, cached, version, license, files } = await ok(desk, "download_dataset", { ref });
      assert.deepEqual([cached, version, license], [false, '"one"', "unknown"]);
      assert.equal((files as { name: string }[])[0].name, "flowers.csv");
      const again = await ok(desk, "download_dataset", { ref });
      assert.deepEqual([again.dataset_id, again.cached], [dataset_id, true]);

      const one = await refused("download_dataset", { ref, files: ["flowers.csv"] });
      assert.match(String(one.message), /an address is one file/);
      const page = await refused("download_dataset", { ref: "https://github.com/a/b/blob/main/x.csv" });
      assert.match(String(page.hint), /raw\.githubusercontent\.com\/a\/b\/main\/x\.csv$/);
      const listed = await refused("list_dataset_files", { ref });
      assert.match(String(listed.hint), /An address is one file/);
      assert.equal(kaggle.seen.length, 0, "Kaggle has nothing to do with it");
    } finally {
      await web.close();
    }
  }));
