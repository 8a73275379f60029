/** Bytes to lines of UTF-8 text, without their line ends. */
export class TextLineStream extends TransformStream<Uint8Array, string> {
  constructor() {
    const decoder = new TextDecoder();
    // Parts of a line that has no end yet; joined once, so that a line of 10 MB costs 10 MB.
    let parts: string[] = [];
    super({
      transform(chunk, controller) {
        const lines = decoder.decode(chunk, { stream: true }).split("\n");
        for (let i = 0; i < lines.length - 1; i++) {
          parts.push(lines[i]);
          controller.enqueue(parts.join("").replace(/\r$/, ""));
          parts = [];
        }
        const rest = lines[lines.length - 1];
        if (rest !== "") parts.push(rest);
      },
      flush(controller) {
        parts.push(decoder.decode());
        const rest = parts.join("");
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}
