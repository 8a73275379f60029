import { defineTransformer } from "../transformer.ts";
import { codedColumn, codeMap, frequentLevels, placesOf } from "./column_access.ts";

/** Codes fit a byte with one value left for missing, which is what histogram trees need. */
export const ORDINAL_MAX_CATEGORIES = 255;

type OrdinalState = {
  /** Sorted by code unit; the place is the code. */
  categories: string[];
  /** Share the last code, if any. */
  infrequent: string[];
};

/** The number of a category; NaN where missing or not seen in training. For algorithms that split on categories. */
export const ordinalEncoder = defineTransformer<OrdinalState>({
  name: "ordinal_encoder",
  description: "The number of each category, for algorithms that take categories as they are.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.OrdinalEncoder.html",
  fit(column) {
    const coded = codedColumn(column, "ordinal_encoder");
    const { categories, infrequent } = frequentLevels(coded, ORDINAL_MAX_CATEGORIES);
    return { categories, infrequent };
  },
  outputs: (name) => [name],
  categories: (state) => [state.categories.length + (state.infrequent.length > 0 ? 1 : 0)],
  transform(column, state, outputs) {
    const coded = codedColumn(column, "ordinal_encoder");
    const places = codeMap(coded, state.categories, state.infrequent, state.categories.length);
    for (let i = 0; i < coded.codes.length; i++) {
      const place = coded.codes[i] < 0 ? -1 : places[coded.codes[i]];
      outputs[0][i] = place < 0 ? NaN : place;
    }
  },
  writer: (state) => ({
    places: placesOf(state.categories, state.infrequent, state.categories.length),
    write(place, out, at) {
      out[at] = place;
    },
  }),
});
