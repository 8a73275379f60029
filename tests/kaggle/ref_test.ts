import assert from "node:assert/strict";
import { AppError } from "@/shared/errors.ts";
import { checkFileName, parseRef } from "@/kaggle/ref.ts";

Deno.test("a reference names owner, slug, version and file", () => {
  const whole = { kind: "kaggle", owner: "uciml", slug: "iris", version: null, file: null };
  assert.deepEqual(parseRef("uciml/iris"), whole);
  assert.deepEqual(parseRef(" uciml/iris/ "), whole);
  assert.deepEqual(parseRef("uciml/iris/versions/3"), { ...whole, version: 3 });
  assert.deepEqual(parseRef("uciml/iris/versions/3/a b/Iris.csv"), {
    ...whole,
    version: 3,
    file: "a b/Iris.csv",
  });
  assert.deepEqual(parseRef("uciml/iris/Iris.csv"), { ...whole, file: "Iris.csv" });
  assert.deepEqual(parseRef("sample/iris"), { kind: "sample", name: "iris", file: null });
});

Deno.test("a reference may be the address of the data set's page", () => {
  for (
    const text of [
      "https://www.kaggle.com/datasets/uciml/iris",
      "https://kaggle.com/uciml/iris?select=Iris.csv#top",
    ]
  ) {
    assert.deepEqual(parseRef(text), {
      kind: "kaggle",
      owner: "uciml",
      slug: "iris",
      version: null,
      file: null,
    });
  }
});

Deno.test("a reference is refused when it has another form or leads elsewhere", () => {
  const bad = [
    "",
    "iris",
    "../etc",
    "a/b/versions/0",
    "a/b/versions/x",
    "a/b/../../c",
    "a b/c",
    "a/b/c\u0000",
    "a/b//c",
    "a/b/C\\d",
  ];
  for (const text of bad) {
    assert.throws(
      () => parseRef(text),
      (error) => error instanceof AppError && error.code === "invalid_argument",
      text,
    );
  }
});

Deno.test("a file name inside a data set is refused when it leads out of it", () => {
  assert.equal(checkFileName("data/train.csv"), "data/train.csv");
  for (const name of ["/etc/passwd", "C:/x", "a/../b", "./a", "a\nb", "", `${"x".repeat(256)}.csv`]) {
    assert.throws(
      () => checkFileName(name),
      (error) => error instanceof AppError && error.code === "invalid_argument",
      name,
    );
  }
});
