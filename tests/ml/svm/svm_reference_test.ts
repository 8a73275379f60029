import { compareWithReference } from "../compare_with_reference.ts";

// Kernels are kept in single precision, as by libsvm.
compareWithReference("svm.json", { svm: 2e-5 });
