/**
 * A headless Chromium for the tests of pages, driven over its DevTools protocol: real clicks and real keys.
 * Source: https://chromedevtools.github.io/devtools-protocol/
 */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The program's path; null where none is installed, and the tests that need it are then ignored. */
export const CHROMIUM: string | null = Deno.env.get("CHROMIUM") ??
  (Deno.env.get("PATH") ?? "").split(":").flatMap((folder) => NAMES.map((name) => `${folder}/${name}`)).find(
    (path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    },
  ) ?? null;

interface Reply {
  id?: number;
  method?: string;
  // deno-lint-ignore no-explicit-any
  params?: any;
  // deno-lint-ignore no-explicit-any
  result?: any;
  error?: { message: string };
}

export interface PageOptions {
  width?: number;
  height?: number;
  dark?: boolean;
  phone?: boolean;
}

const START_MS = 30_000;
const WAIT_MS = 15_000;

export class Page {
  readonly problems: string[] = [];
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #last = 0;

  constructor(readonly socket: WebSocket) {
    socket.onmessage = ({ data }) => {
      const reply = JSON.parse(data) as Reply;
      if (reply.id !== undefined) {
        this.#waiting.get(reply.id)?.(reply);
        this.#waiting.delete(reply.id);
      } else if (reply.method === "Runtime.exceptionThrown") {
        this.problems.push(reply.params.exceptionDetails.exception?.description ?? "an exception");
      } else if (reply.method === "Log.entryAdded" && reply.params.entry.level === "error") {
        this.problems.push(`${reply.params.entry.text} ${reply.params.entry.url ?? ""}`);
      }
    };
  }

  // deno-lint-ignore no-explicit-any
  async send(method: string, params: Record<string, unknown> = {}): Promise<any> {
    const id = ++this.#last;
    const reply = await new Promise<Reply>((done) => {
      this.#waiting.set(id, done);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result;
  }

  // deno-lint-ignore no-explicit-any
  async evaluate(expression: string): Promise<any> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? expression);
    return result.value;
  }

  /** Waits until the expression is true. */
  async until(expression: string): Promise<void> {
    const end = performance.now() + WAIT_MS;
    while (!await this.evaluate(expression)) {
      if (performance.now() > end) {
        throw new Error(`never true: ${expression}\n${await this.evaluate("document.body.innerText")}`);
      }
      await new Promise((done) => setTimeout(done, 30));
    }
  }

  /** Scrolls there and clicks in the middle, or at a share of the width. */
  async click(selector: string, share = 0.5): Promise<void> {
    const place = await this.evaluate(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element.scrollIntoView({ block: "center" });
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x: x + width * ${share}, y: y + height / 2 };
    })()`);
    for (const type of ["mouseMoved", "mousePressed", "mouseReleased"]) {
      await this.send("Input.dispatchMouseEvent", {
        type,
        ...place,
        button: type === "mouseMoved" ? "none" : "left",
        clickCount: type === "mouseMoved" ? 0 : 1,
      });
    }
  }

  async press(key: string, times = 1): Promise<void> {
    const codes: Record<string, number> = { Tab: 9, Enter: 13, ArrowRight: 39, ArrowDown: 40, Backspace: 8 };
    for (let i = 0; i < times; i++) {
      const event = { key, code: key, windowsVirtualKeyCode: codes[key] };
      await this.send("Input.dispatchKeyEvent", {
        type: "keyDown",
        ...event,
        ...(key === "Enter" ? { text: "\r" } : {}),
      });
      await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    }
  }

  async type(text: string): Promise<void> {
    await this.send("Input.insertText", { text });
  }

  async screenshot(path: string): Promise<void> {
    const { data } = await this.send("Page.captureScreenshot", {
      format: "png",
      captureBeyondViewport: true,
    });
    await Deno.writeFile(path, Uint8Array.fromBase64(data));
  }
}

/** Opens the address, and ends the browser with all that it started. */
export async function withPage(
  url: string,
  options: PageOptions,
  work: (page: Page) => Promise<void>,
): Promise<void> {
  const { width = 1280, height = 1000, dark = false, phone = false } = options;
  const profile = await Deno.makeTempDir({ prefix: "mlmcp-browser-" });
  const child = new Deno.Command(CHROMIUM!, {
    args: [
      "--headless=new",
      // Tests run as root in containers, where Chromium has no sandbox; it opens only our own page.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      "about:blank",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let socket: WebSocket | null = null;
  try {
    const port = await portOf(profile);
    const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json() as {
      type: string;
      webSocketDebuggerUrl: string;
    }[];
    socket = new WebSocket(targets.find(({ type }) => type === "page")!.webSocketDebuggerUrl);
    await new Promise((done, failed) => {
      socket!.onopen = done;
      socket!.onerror = failed;
    });
    const page = new Page(socket);
    for (const domain of ["Page", "Runtime", "Log"]) await page.send(`${domain}.enable`);
    await page.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: phone,
    });
    await page.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
    });
    await page.send("Page.navigate", { url });
    await page.until(`document.readyState === "complete" && location.href !== "about:blank"`);
    await work(page);
    await page.send("Browser.close").catch(() => {});
  } finally {
    socket?.close();
    try {
      child.kill("SIGTERM");
    } catch { /* it has ended */ }
    await child.status;
    await removeSoon(profile);
  }
}

async function portOf(profile: string): Promise<string> {
  const end = performance.now() + START_MS;
  for (;;) {
    try {
      const [port] = (await Deno.readTextFile(`${profile}/DevToolsActivePort`)).split("\n");
      if (port) return port;
    } catch { /* it has not started yet */ }
    if (performance.now() > end) throw new Error("Chromium did not start");
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Its helpers write there for a moment after it has ended. */
async function removeSoon(path: string): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (tries === 40) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}
