/** stderr: lines that stay, and below them one live line that is drawn over. */

export interface ScreenOptions {
  write(text: string): void;
  /** A terminal that can draw over a line. */
  live: boolean;
  colour: boolean;
  columns: number;
}

export type Colour = "dim" | "bold" | "green" | "red" | "yellow" | "cyan";
const CODES: Record<Colour, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** ANSI colours (ECMA-48), or the bare text. */
export function paint(text: string, colour: Colour, on: boolean): string {
  return on ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

export class Screen {
  readonly #options: ScreenOptions;
  #liveLine = "";
  /** While a person types, nothing is drawn over what they see. */
  #asking = false;

  constructor(options: ScreenOptions) {
    this.#options = options;
  }

  get live(): boolean {
    return this.#options.live;
  }

  paint(text: string, colour: Colour): string {
    return paint(text, colour, this.#options.colour);
  }

  /** A line that stays. */
  line(text: string): void {
    const live = this.#liveLine;
    this.clear();
    this.#options.write(text + "\n");
    if (live !== "") this.#draw(live);
  }

  /** Text without a line end: a question. The live line is away until `answered`. */
  prompt(text: string): void {
    this.clear();
    this.#asking = true;
    this.#options.write(text);
  }

  answered(): void {
    this.#asking = false;
  }

  /** The line that is drawn over; nothing where that can't be done. */
  liveLine(text: string): void {
    if (!this.#options.live || this.#asking || text === this.#liveLine) return;
    this.#draw(text);
  }

  clear(): void {
    if (this.#liveLine !== "") this.#options.write("\r\x1b[2K");
    this.#liveLine = "";
  }

  #draw(text: string): void {
    this.#options.write(`\r\x1b[2K${cut(text, this.#options.columns - 1)}`);
    this.#liveLine = text;
  }
}

/** At most so many letters; colour codes take no room. */
export function cut(text: string, width: number): string {
  let shown = 0;
  let out = "";
  // deno-lint-ignore no-control-regex
  for (const part of text.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith("\x1b[")) out += part;
    else {
      const letters = [...part];
      out += letters.slice(0, Math.max(0, width - shown)).join("");
      shown += letters.length;
    }
  }
  return out;
}
