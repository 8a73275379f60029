import { compareWithReference } from "../compare_with_reference.ts";

compareWithReference("linear.json", { logistic_regression: 2e-6 });
