import assert from "node:assert/strict";
import { parseWebAddress } from "@/sources/web_address.ts";

Deno.test("an address is taken as it is, but for what only a browser looks at", () => {
  assert.equal(
    parseWebAddress(" https://Host.example/a b.csv?x=1#top ")!.ref,
    "https://host.example/a%20b.csv?x=1",
  );
  for (
    const other of ["owner/slug", "sample/iris", "ds_0123456789abcdef", "https://www.kaggle.com/datasets/a/b"]
  ) {
    assert.equal(parseWebAddress(other), null, other);
  }
});

Deno.test("a page about a file is refused with the address of the file itself", () => {
  const pages = {
    "https://github.com/mwaskom/seaborn-data/blob/master/penguins.csv":
      "https://raw.githubusercontent.com/mwaskom/seaborn-data/master/penguins.csv",
    "https://gist.github.com/some/0123abcd": "https://gist.githubusercontent.com/some/0123abcd/raw",
    "https://gitlab.com/a/b/-/blob/main/x.csv": "https://gitlab.com/a/b/-/raw/main/x.csv",
    "https://huggingface.co/datasets/a/b/blob/main/x.parquet":
      "https://huggingface.co/datasets/a/b/resolve/main/x.parquet",
    "https://docs.google.com/spreadsheets/d/1AbC/edit#gid=7":
      "https://docs.google.com/spreadsheets/d/1AbC/export?format=csv&gid=7",
    "https://www.dropbox.com/s/abc/x.csv?dl=0": "https://www.dropbox.com/s/abc/x.csv?dl=1",
    "https://archive.ics.uci.edu/dataset/53/iris": "https://archive.ics.uci.edu/static/public/53/iris.zip",
    "https://zenodo.org/records/1/files/x.csv": "https://zenodo.org/records/1/files/x.csv?download=1",
  };
  for (const [page, file] of Object.entries(pages)) {
    assert.throws(() => parseWebAddress(page), (error: { code: string; hint: string }) => {
      assert.equal(error.code, "invalid_argument");
      assert.ok(error.hint.endsWith(` ${file}`), error.hint);
      return true;
    });
    assert.equal(parseWebAddress(file)!.ref, file, "the hint can be used");
  }
});

Deno.test("what is no address of the web is refused", () => {
  for (const text of ["ftp://host/a.csv", "file:///etc/passwd", "https://", "data://x"]) {
    assert.throws(() => parseWebAddress(text), { code: "invalid_argument" }, text);
  }
});
