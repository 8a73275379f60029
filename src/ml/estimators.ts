/** The table of algorithms. A new algorithm is one file and one line here. */
import { AppError } from "@/shared/errors.ts";
import { dummy } from "./dummy/dummy.ts";
import type { Estimator } from "./estimator.ts";

export const ESTIMATORS: readonly Estimator[] = [
  dummy,
];

/** @throws AppError not_found, naming the algorithms there are */
export function estimatorOf(name: string): Estimator {
  const found = ESTIMATORS.find((estimator) => estimator.name === name);
  if (found) return found;
  throw new AppError("not_found", `Cannot find algorithm "${name}": there is none of that name`, {
    hint: `Algorithms: ${ESTIMATORS.map((estimator) => estimator.name).join(", ")}`,
  });
}
