import assert from "node:assert/strict";
import { AppError } from "@/shared/errors.ts";
import { KaggleSearch, matchSamples, type SearchQuery } from "@/kaggle/search.ts";
import { flowers, type Scene, withScene } from "./scene.ts";

const NEVER = new AbortController().signal;
const ask = (query: string, more: Partial<SearchQuery> = {}): SearchQuery => ({
  query,
  sort_by: "hottest",
  ...more,
});
const namesOf = (query: string, more: Partial<SearchQuery> = {}) =>
  matchSamples(ask(query, more)).map(({ name }) => name);

Deno.test("the embedded data set that a query means comes first", () => {
  assert.equal(namesOf("flowers iris")[0], "iris");
  assert.equal(namesOf("predict the species of a penguin")[0], "penguins");
  assert.equal(namesOf("who survived the Titanic?")[0], "titanic");
  assert.equal(namesOf("fuel consumption of cars")[0], "auto_mpg");
  assert.equal(namesOf("WINES")[0], "wine");
  assert.equal(namesOf("progression")[0], "diabetes", "a target finds its data set");
});

Deno.test("words that say nothing find nothing, and sample finds all", () => {
  assert.deepEqual(namesOf("predict the data"), []);
  assert.deepEqual(namesOf("xylophone"), []);
  assert.ok(namesOf("sample").length >= 6);
});

Deno.test("filters hold for embedded data sets too", () => {
  assert.deepEqual(namesOf("iris", { file_type: "parquet" }), []);
  assert.deepEqual(namesOf("iris", { owner: "uciml" }), []);
  assert.equal(namesOf("iris", { license: "cc" })[0], "iris");
  assert.deepEqual(namesOf("iris", { license: "gpl" }), []);
  assert.deepEqual(namesOf("iris", { min_size_bytes: 1_000_000 }), []);
  assert.equal(namesOf("iris", { max_size_bytes: 10_000 })[0], "iris");
});

/** All pages of a search, as the refs on each. */
async function pages(scene: Scene, query: SearchQuery, limit: number): Promise<string[][]> {
  const search = new KaggleSearch(scene.client());
  const found: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await search.search(query, cursor, limit, NEVER);
    found.push(page.hits.map((hit) => hit.kind === "sample" ? `sample/${hit.sample.name}` : hit.dataset.ref));
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

const MANY = Object.fromEntries(
  Array.from({ length: 7 }, (_, i) => [`owner/iris-${i}`, flowers({ title: `Iris ${i}` })]),
);

Deno.test("pages hold embedded data sets first, then Kaggle's, each once, none longer than asked", async () => {
  for (const limit of [1, 2, 3, 5, 20]) {
    await withScene(MANY, async (scene) => {
      const found = await pages(scene, ask("iris"), limit);
      assert.ok(found.every((page) => page.length <= limit), `a page of ${limit} is longer`);
      const samples = namesOf("iris").map((name) => `sample/${name}`);
      assert.deepEqual(found.flat(), [...samples, ...Object.keys(MANY)], `with pages of ${limit}`);
    });
  }
});

Deno.test("a cursor of another search is refused", () =>
  withScene(MANY, async (scene) => {
    const search = new KaggleSearch(scene.client());
    const { cursor } = await search.search(ask("iris"), undefined, 1, NEVER);
    for (
      const [query, text] of [[ask("wine"), cursor!], [ask("iris"), "nonsense"], [
        ask("iris"),
        btoa("[1"),
      ]] as const
    ) {
      const refused = (error: unknown) => error instanceof AppError && error.code === "invalid_argument";
      await assert.rejects(search.search(query, text, 1, NEVER), refused);
    }
  }));

Deno.test("without Kaggle the embedded data sets come, and a note says why", () =>
  withScene(MANY, async (scene) => {
    scene.kaggle.faults.api = [401];
    const search = new KaggleSearch(scene.client({ KAGGLE_API_TOKEN: "KGAT_old" }));
    const { hits, cursor, notes } = await search.search(ask("iris"), undefined, 5, NEVER);
    assert.deepEqual([hits[0].kind, cursor], ["sample", null]);
    assert.match(notes[0], /does not accept the credential from KAGGLE_API_TOKEN/);
    assert.deepEqual(
      (await search.search(ask("iris"), undefined, 20, NEVER)).notes,
      [],
      "a refusal is no outage",
    );
  }));

Deno.test("after a failed connection the next searches don't wait for Kaggle", () =>
  withScene(MANY, async (scene) => {
    const search = new KaggleSearch(scene.client());
    scene.kaggle.faults.api = [503, 503];
    assert.match((await search.search(ask("iris"), undefined, 5, NEVER)).notes[0], /HTTP 503/);
    const before = scene.kaggle.seen.length;
    assert.match(
      (await search.search(ask("penguins"), undefined, 5, NEVER)).notes[0],
      /HTTP 503.*asked again in \d+ s/,
    );
    assert.equal(scene.kaggle.seen.length, before);
  }));

Deno.test("a cancelled search is an error, not an answer", () =>
  withScene(MANY, async (scene) => {
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await assert.rejects(
      new KaggleSearch(scene.client()).search(ask("iris"), undefined, 5, stop.signal),
      /enough/,
    );
  }));
