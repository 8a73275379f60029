/** The table of preprocessing steps. A new step is one file and one line here. */
import { AppError } from "@/shared/errors.ts";
import { dateParts } from "./preprocessing/date_parts.ts";
import { oneHotEncoder } from "./preprocessing/one_hot_encoder.ts";
import { ordinalEncoder } from "./preprocessing/ordinal_encoder.ts";
import { passthrough } from "./preprocessing/passthrough.ts";
import { simpleImputer } from "./preprocessing/simple_imputer.ts";
import { standardScaler } from "./preprocessing/standard_scaler.ts";
import type { Transformer } from "./transformer.ts";

export const TRANSFORMERS: readonly Transformer[] = [
  passthrough,
  simpleImputer,
  standardScaler,
  oneHotEncoder,
  ordinalEncoder,
  dateParts,
];

/** @throws AppError not_found, naming the steps there are */
export function transformerOf(name: string): Transformer {
  const found = TRANSFORMERS.find((transformer) => transformer.name === name);
  if (found) return found;
  throw new AppError("not_found", `Cannot find preprocessing step "${name}": there is none of that name`, {
    hint: `Steps: ${TRANSFORMERS.map((transformer) => transformer.name).join(", ")}`,
  });
}
