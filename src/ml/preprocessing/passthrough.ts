import { defineTransformer } from "../transformer.ts";
import { numericColumn } from "./column_access.ts";

/** A number as it is; NaN stays for algorithms that take missing values. */
export const passthrough = defineTransformer({
  name: "passthrough",
  description: "Leaves a number as it is, missing values too.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.FunctionTransformer.html",
  fit: (column) => {
    numericColumn(column, "passthrough");
    return {};
  },
  outputs: (name) => [name],
  categories: () => [0],
  transform(column, _state, outputs) {
    outputs[0].set(numericColumn(column, "passthrough").values);
  },
  writer: () => ({
    write(value, out, at) {
      out[at] = value;
    },
  }),
});
