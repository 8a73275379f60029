/** The pages in a real browser, with real clicks and keys. Without Chromium these are ignored. */
import assert from "node:assert/strict";
import { createApp } from "@/serving/app.ts";
import { CHROMIUM, type Page, type PageOptions, withPage } from "./browser.ts";
import type { WindowedDrift } from "@/monitoring/watch_report.ts";
import type { Published } from "@/monitoring/watch_protocol.ts";
import { Counters } from "@/serving/counters.ts";
import { houses } from "./make_artifact.ts";
import { makeReplica } from "./make_replica.ts";

/** Where to leave screenshots for people to look at. */
const SCREENSHOTS = Deno.env.get("SCREENSHOTS");

function browserTest(
  name: string,
  options: PageOptions & { path?: string; artifact?: Uint8Array; model_id?: string; published?: Published },
  work: (page: Page) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: CHROMIUM === null,
    // The browser's socket closes a moment after the test.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const replica = makeReplica({}, options.artifact, options.model_id);
      replica.watching.published = options.published ?? null;
      const server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen: () => {} },
        createApp(replica).fetch,
      );
      try {
        await withPage(
          `http://127.0.0.1:${server.addr.port}${options.path ?? "/"}`,
          options,
          async (page) => {
            await work(page);
            if (SCREENSHOTS) await page.screenshot(`${SCREENSHOTS}/${name.replace(/\W+/g, "_")}.png`);
            assert.deepEqual(
              page.problems,
              [],
              "nothing is refused by the page's policy, and nothing throws",
            );
          },
        );
      } finally {
        await server.shutdown();
      }
    },
  });
}

const answer = `document.querySelector("#result .answer")?.textContent`;

browserTest(
  "the page predicts its first example by itself, with probabilities and what moved it",
  {},
  async (page) => {
    await page.until(`${answer} === "species: setosa"`);
    assert.equal(await page.evaluate(`document.querySelectorAll("#result .bar").length`), 3);
    await page.until(`document.querySelectorAll("#moved li").length > 0`);
    assert.match(await page.evaluate(`document.querySelector("#moved").innerText`), /length|width/);
    await page.until(`document.querySelector("#live .figures") !== null`);
    assert.match(await page.evaluate(`document.querySelector("#live").innerText`), /requests a second/);
  },
);

browserTest("a click on a slider changes the number beside it and the prediction", {}, async (page) => {
  await page.until(`${answer} === "species: setosa"`);
  await page.click("#s0", 0.97);
  await page.click("#s1", 0.97);
  await page.until(`${answer} === "species: virginica"`);
  const [number, slider] = await page.evaluate(`[c0.value, s0.value]`);
  assert.equal(number, slider);
  assert.ok(Number(number) > 5, number);
  assert.match(await page.evaluate(`curl.textContent`), new RegExp(`"length":${number}`));
});

browserTest("typing a number moves the slider, and an example fills every field", {}, async (page) => {
  await page.until(`${answer} === "species: setosa"`);
  await page.click("#clear");
  assert.equal(await page.evaluate(`document.activeElement.id`), "c0");
  await page.type("3.5");
  await page.press("Enter");
  await page.until(`Boolean(${answer})`);
  assert.equal(await page.evaluate(`s0.value`), "3.5");
  assert.equal(await page.evaluate(`c1.value`), "");
  await page.evaluate(`example.focus()`);
  await page.press("ArrowDown", 2);
  await page.until(`c1.value !== ""`);
});

browserTest("the whole page works by keyboard, and what has the focus is seen", {}, async (page) => {
  await page.until(`${answer} === "species: setosa"`);
  const seen: string[] = [];
  for (let i = 0; i < 20 && !seen.includes("BUTTON:Predict"); i++) {
    await page.press("Tab");
    seen.push(
      await page.evaluate(
        `document.activeElement.tagName + ":" + (document.activeElement.id || document.activeElement.textContent)`,
      ),
    );
    assert.notEqual(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`), "none");
  }
  for (const stop of ["SELECT:example", "INPUT:s0", "INPUT:c0", "INPUT:s1", "INPUT:c1", "BUTTON:Predict"]) {
    assert.ok(seen.includes(stop), `${stop} of ${seen.join(", ")}`);
  }
  await page.evaluate(`s0.focus()`);
  const before = Number(await page.evaluate(`c0.value`));
  await page.press("ArrowRight", 3);
  assert.ok(Number(await page.evaluate(`c0.value`)) > before);
});

browserTest("what the model can't take is said where the prediction would stand", {}, async (page) => {
  await page.until(`${answer} === "species: setosa"`);
  await page.click("#clear");
  await page.evaluate(`c0.value = "1e200", 0`);
  await page.click("button.main");
  await page.until(`result.className === "failed"`);
  assert.match(await page.evaluate(`result.textContent`), /column "length" must be/);
  // The answer 400 is no surprise here.
  page.problems.length = 0;
});

browserTest(
  "on a phone, in the dark, nothing is wider than the screen",
  { width: 390, height: 844, phone: true, dark: true, artifact: houses(), model_id: "houses@1" },
  async (page) => {
    await page.until(`Boolean(${answer})`);
    await page.until(`document.querySelector("#live .figures") !== null`);
    assert.ok(await page.evaluate(`document.documentElement.scrollWidth <= innerWidth`));
    const [ink, paper] = await page.evaluate(
      `[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]`,
    );
    const light = (color: string) => Number(/\d+/.exec(color)![0]);
    assert.ok(light(ink) > 200 && light(paper) < 60, `${ink} on ${paper}`);
  },
);

/** Drift of version 1, which serves, and of the one that served before it. */
function watched(): Published {
  const column = (psi: number, verdict: WindowedDrift["verdict"]): WindowedDrift => ({
    ...{
      name: "length",
      verdict,
      psi,
      kolmogorov_smirnov: null,
      chi_squared: { statistic: 1, p_value: 0.1 },
    },
    rows: 900,
    ...{ missing_share: 0, reference_missing_share: 0, unseen_share: 0, reference_unseen_share: 0 },
    window: "recent",
  });
  const version = (version: number, { verdict, ...rest }: WindowedDrift) => ({
    ...{ version, drift_reason: null, estimate: null, quality: null },
    drift: {
      verdict: verdict!,
      rows: { recent: 900, hour: 900 },
      columns: [{ verdict, ...rest }],
      prediction: null,
    },
  });
  return {
    at_s: Date.now() / 1000,
    counters: new Counters().toWire(performance.now()),
    ...{ in_flight: 0, replicas_ready: 1, restarts: 0 },
    report: {
      versions: [version(7, column(0.001, "none")), version(1, column(0.481, "drift"))],
      feedback: { matched: 0, unmatched: 0 },
      alerts: [],
    },
  };
}

browserTest(
  "drift on the page is that of the version that serves, and its figures stay on one line on a phone",
  { width: 390, height: 844, phone: true, published: watched() },
  async (page) => {
    await page.until(`document.querySelector("#live .drift") !== null`);
    const shown = await page.evaluate(
      `[...document.querySelectorAll("ul.drift li")].map((row) => [...row.children].map((cell) => cell.textContent))`,
    );
    assert.deepEqual(shown, [["length", "drift", "PSI 0.481"]]);
    const [cell, line] = await page.evaluate(
      `(({ lastChild }) => [lastChild.getBoundingClientRect().height,
        parseFloat(getComputedStyle(lastChild).lineHeight)])(document.querySelector("ul.drift li"))`,
    );
    assert.ok(cell < 1.5 * line, `${cell} px high, a line is ${line}`);
  },
);

browserTest(
  "the API page opens and closes its sections, also on a phone",
  { path: "/docs", width: 390, height: 844, phone: true },
  async (page) => {
    assert.ok(await page.evaluate(`document.documentElement.scrollWidth <= innerWidth`));
    assert.equal(await page.evaluate(`document.querySelectorAll("details")[1].open`), false);
    await page.click("details:nth-of-type(2) summary");
    assert.equal(await page.evaluate(`document.querySelectorAll("details")[1].open`), true);
    assert.match(await page.evaluate(`document.body.innerText`), /\/explain/);
  },
);
