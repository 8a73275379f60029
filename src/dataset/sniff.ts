/** What a file is by its first bytes, so that a wrong one is named instead of read as nonsense. */
import { AppError } from "@/shared/errors.ts";

/** First bytes, what they mean, and what to do. */
const MAGIC: readonly { bytes: string; is: string; hint?: string }[] = [
  {
    bytes: "PK\x03\x04",
    is: "a zip archive or an Excel workbook",
    hint: "Unpack it, or export the sheet as CSV.",
  },
  { bytes: "PK\x05\x06", is: "an empty zip archive" },
  { bytes: "\x89PNG", is: "a PNG image" },
  { bytes: "\xff\xd8\xff", is: "a JPEG image" },
  { bytes: "GIF8", is: "a GIF image" },
  { bytes: "%PDF", is: "a PDF document" },
  { bytes: "PAR1", is: "a Parquet file", hint: "Convert it to CSV." },
  { bytes: "ARROW1", is: "an Arrow file", hint: "Convert it to CSV." },
  { bytes: "FEA1", is: "a Feather file", hint: "Convert it to CSV." },
  { bytes: "ORC", is: "an ORC file", hint: "Convert it to CSV." },
  { bytes: "Obj\x01", is: "an Avro file", hint: "Convert it to CSV." },
  { bytes: "\x89HDF", is: "an HDF5 file", hint: "Convert it to CSV." },
  { bytes: "\x93NUMPY", is: "a NumPy array", hint: "Convert it to CSV with a line of column names." },
  { bytes: "SQLite format 3", is: "an SQLite database", hint: "Export one table of it as CSV." },
  { bytes: "\xd0\xcf\x11\xe0", is: "an old Excel workbook", hint: "Export the sheet as CSV." },
  { bytes: "BZh", is: "packed with bzip2", hint: "Unpack it first, or pack it with gzip." },
  { bytes: "\xfd7zXZ", is: "packed with xz", hint: "Unpack it first, or pack it with gzip." },
  { bytes: "\x28\xb5\x2f\xfd", is: "packed with zstd", hint: "Unpack it first, or pack it with gzip." },
  { bytes: "7z\xbc\xaf", is: "a 7-Zip archive", hint: "Unpack it first." },
  { bytes: "Rar!", is: "a RAR archive", hint: "Unpack it first." },
  { bytes: "\x7fELF", is: "a program" },
  { bytes: "\xff\xfe", is: "UTF-16 text", hint: "Save it as UTF-8 again." },
  { bytes: "\xfe\xff", is: "UTF-16 text", hint: "Save it as UTF-8 again." },
];

const TEXT_HINT = "Choose a text file with a line of column names and one row a line (CSV).";

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * @throws AppError invalid_argument when the bytes are no delimited text: binary, another format, a web page
 */
export function assertIsText(bytes: Uint8Array): void {
  const head = String.fromCharCode(...bytes.subarray(0, 256));
  const known = MAGIC.find((magic) => head.startsWith(magic.bytes));
  // Words such as "ORC" or "BZh" may also begin a text: binary files have bytes that no text has.
  if (known && (/[^\t\n\r\x20-\x7e]/.test(known.bytes) || hasControlBytes(bytes))) {
    throw refused(`it is ${known.is}`, known.hint ?? TEXT_HINT);
  }
  if (known?.bytes === "%PDF") throw refused(`it is ${known.is}`, TEXT_HINT);
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    if (isUtf16(bytes)) throw refused("it is UTF-16 text", "Save it as UTF-8 again.");
    throw refused(`it is binary (a NUL byte at ${zero})`, TEXT_HINT);
  }
  const text = head.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (/^<(!doctype|html|head|body|\?xml|!--)/i.test(text)) {
    throw refused(
      "it is a web page (HTML or XML), not a table",
      "The download may have needed a login, or the link shows a page. Get the file itself.",
    );
  }
  if (/^(\{\s*["}]|\[\s*[[{\]])/.test(text)) {
    throw refused("it is JSON, not delimited text", "Convert it to CSV: one row a line, a line of names.");
  }
}

function hasControlBytes(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 4096).some((c) => c < 9 || (c > 13 && c < 27));
}

function isUtf16(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 512);
  const zeros = (offset: number) => head.filter((c, i) => i % 2 === offset && c === 0).length;
  const most = Math.max(zeros(0), zeros(1));
  return most > head.length * 0.3 && Math.min(zeros(0), zeros(1)) < head.length * 0.05;
}

function refused(state: string, hint: string): AppError {
  return new AppError("invalid_argument", `Cannot read the table: ${state}`, { hint });
}
