/** Origins of pages, as a setting. */
import { AppError } from "@/shared/errors.ts";

/** As a browser writes it: `https://app.example:8443`. @throws AppError invalid_argument when it is none */
export function originOf(text: string): string {
  if (text === "*") return text;
  try {
    const { origin, protocol } = new URL(text);
    if ((protocol === "https:" || protocol === "http:") && origin === text.toLowerCase().replace(/\/$/, "")) {
      return origin;
    }
  } catch { /* no address at all */ }
  throw new AppError("invalid_argument", `Cannot allow the origin "${text}": it is none`, {
    hint: 'An origin is a scheme and a host, with a port if it has one: https://app.example. "*" allows all.',
  });
}
