import { defineTransformer } from "../transformer.ts";
import { codedColumn, codeMap, frequentLevels, placesOf } from "./column_access.ts";

export const ONE_HOT_MAX_CATEGORIES = 100;

type OneHotState = {
  /** Sorted by code unit, one output column each (`binary`: the second only). */
  categories: string[];
  /** Share one more output column, if any. */
  infrequent: string[];
  /** Training had missing values: they have an output column of their own, the last. */
  missing: boolean;
  /** A boolean column of two levels: one output, 1 for the second. */
  binary: boolean;
};

/**
 * One 0/1 column a category. As scikit-learn's
 * `OneHotEncoder(handle_unknown="ignore", max_categories=100, drop="if_binary" for booleans)`.
 */
export const oneHotEncoder = defineTransformer<OneHotState>({
  name: "one_hot_encoder",
  description: "One 0/1 column a category; a category that training did not see is all zeros.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.OneHotEncoder.html",
  fit(column) {
    const coded = codedColumn(column, "one_hot_encoder");
    const { categories, infrequent, missing } = frequentLevels(coded, ONE_HOT_MAX_CATEGORIES);
    const binary = coded.type === "boolean" && categories.length === 2;
    return { categories, infrequent, missing: missing > 0, binary };
  },
  outputs(name, state) {
    const levels = state.binary ? state.categories.slice(1) : state.categories;
    const names = levels.map((level) => `${name}=${level}`);
    if (state.infrequent.length > 0) names.push(`${name}_infrequent`);
    if (state.missing) names.push(`${name}_missing`);
    return names;
  },
  categories: (state) => new Array<number>(outputCount(state)).fill(0),
  transform(column, state, outputs) {
    const { codes, ...coded } = codedColumn(column, "one_hot_encoder");
    const skipped = state.binary ? 1 : 0;
    const infrequentAt = state.categories.length;
    const missingAt = state.missing ? outputs.length - 1 : -1;
    const places = codeMap({ codes, ...coded }, state.categories, state.infrequent, infrequentAt);
    for (const output of outputs) output.fill(0);
    for (let i = 0; i < codes.length; i++) {
      const at = codes[i] < 0 ? missingAt : places[codes[i]] - skipped;
      if (at >= 0) outputs[at][i] = 1;
    }
  },
  writer(state) {
    const skipped = state.binary ? 1 : 0;
    const missingAt = state.missing ? outputCount(state) - 1 : -1;
    return {
      places: placesOf(state.categories, state.infrequent, state.categories.length),
      write(place, out, at, stride) {
        const output = place !== place ? missingAt : place - skipped;
        if (output >= 0) out[at + output * stride] = 1;
      },
    };
  },
});

function outputCount(state: OneHotState): number {
  return state.categories.length - (state.binary ? 1 : 0) + (state.infrequent.length > 0 ? 1 : 0) +
    (state.missing ? 1 : 0);
}
