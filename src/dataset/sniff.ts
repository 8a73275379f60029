/** What a file is by its first bytes, so that a wrong one is named instead of read as nonsense. */
import { AppError } from "@/shared/errors.ts";

/** First bytes of what is no table that can be read, what they mean, and what to do. */
const MAGIC: readonly { bytes: string; is: string; hint?: string }[] = [
  { bytes: "PK\x05\x06", is: "an empty zip archive" },
  { bytes: "\x89PNG", is: "a PNG image" },
  { bytes: "\xff\xd8\xff", is: "a JPEG image" },
  { bytes: "GIF8", is: "a GIF image" },
  { bytes: "%PDF", is: "a PDF document" },
  { bytes: "ORC", is: "an ORC file", hint: "Convert it to Parquet or CSV." },
  { bytes: "Obj\x01", is: "an Avro file", hint: "Convert it to Parquet or CSV." },
  { bytes: "\x89HDF", is: "an HDF5 file", hint: "Convert it to Parquet or CSV." },
  { bytes: "\x93NUMPY", is: "a NumPy array", hint: "Convert it to CSV with a line of column names." },
  { bytes: "\xd0\xcf\x11\xe0", is: "an old Excel workbook (.xls)", hint: "Save it as .xlsx or CSV." },
  { bytes: "BZh", is: "packed with bzip2", hint: "Unpack it first, or pack it with gzip or zstd." },
  { bytes: "\xfd7zXZ", is: "packed with xz", hint: "Unpack it first, or pack it with gzip or zstd." },
  { bytes: "7z\xbc\xaf", is: "a 7-Zip archive", hint: "Unpack it first." },
  { bytes: "Rar!", is: "a RAR archive", hint: "Unpack it first." },
  { bytes: "\x7fELF", is: "a program" },
];

const TABLE_HINT = "Choose a table: CSV, JSON, Parquet, Arrow, SQLite or Excel.";

/**
 * @throws AppError invalid_argument when the bytes are known to be no table: an image, a web page, an archive of
 *   an unknown kind
 */
export function assertIsNothingElse(bytes: Uint8Array): void {
  const head = String.fromCharCode(...bytes.subarray(0, 256));
  const known = MAGIC.find((magic) => head.startsWith(magic.bytes));
  // Words such as "ORC" or "BZh" may also begin a text: binary files have bytes that no text has.
  const isSure = known && (/[^\t\n\r\x20-\x7e]/.test(known.bytes) || hasControlBytes(bytes));
  if (known && (isSure || known.bytes === "%PDF")) {
    throw refused(`it is ${known.is}`, known.hint ?? TABLE_HINT);
  }
  const text = head.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (/^<(!doctype|html|head|body|\?xml|!--)/i.test(text)) {
    throw refused(
      "it is a web page (HTML or XML), not a table",
      "The download may have needed a login, or the link shows a page. Get the file itself.",
    );
  }
}

/** @throws AppError invalid_argument as above, and for bytes that no text has */
export function assertIsText(bytes: Uint8Array): void {
  assertIsNothingElse(bytes);
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw refused(`it is binary (a NUL byte at ${zero})`, TABLE_HINT);
}

function hasControlBytes(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 4096).some((c) => c < 9 || (c > 13 && c < 27));
}

function refused(state: string, hint: string): AppError {
  return new AppError("invalid_argument", `Cannot read the table: ${state}`, { hint });
}
