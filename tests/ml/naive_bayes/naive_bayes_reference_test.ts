import { compareWithReference } from "../compare_with_reference.ts";

compareWithReference("naive_bayes.json");
