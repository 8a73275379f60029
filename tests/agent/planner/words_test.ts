import assert from "node:assert/strict";
import { contentWords, likeness, slug, splitWords, stem, usualWord } from "../../../agent/planner/words.ts";

Deno.test("forms of one word share a stem", () => {
  for (
    const forms of [
      ["leave", "leaves", "leaving"],
      ["survive", "survived", "survival"],
      ["price", "prices", "pricing"],
      [
        "category",
        "categories",
      ],
      ["house", "houses"],
      ["box", "boxes"],
    ]
  ) {
    assert.equal(new Set(forms.map(stem)).size, 1, forms.join(", "));
  }
  assert.notEqual(stem("house"), stem("household"));
  assert.equal(stem("species"), "species");
});

Deno.test("synonyms are nearly as good as the same word, strangers are nothing", () => {
  assert.equal(likeness("prices", "price"), 1);
  assert.equal(likeness("cost", "SalePrice".slice(4)), 0.8);
  assert.equal(likeness("leaves", "Exited"), 0.8);
  assert.equal(likeness("penguin", "iris"), 0);
});

Deno.test("names are split at capitals, underscores and digits", () => {
  assert.deepEqual(splitWords("medianHouse_value2"), ["median", "house", "value", "2"]);
  assert.deepEqual(contentWords("Predict the species of a penguin!"), ["species", "penguin"]);
});

Deno.test("slugs hold small letters, digits and single hyphens", () => {
  assert.equal(slug("  Größe & Preis__2024  "), "gro-e-preis-2024");
  assert.equal(slug("a".repeat(100)).length, 48);
  assert.equal(slug("日本"), "");
});

Deno.test("a search is also made with the usual words", () => {
  const words = ["customers", "leaving", "penguins", "species", "glass", "prices"];
  assert.deepEqual(words.map(usualWord), ["customer", "churn", "penguin", "species", "glass", "price"]);
});
