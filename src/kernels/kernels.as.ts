/** The kernels that make up kernels.wasm: what is exported here can be run by its name. */
export { csv_cut, csv_lengths, csv_merge, csv_parse } from "./csv.as";
export { forest_code, forest_code_scratch, forest_grow, forest_key } from "./forest.as";
export { allocate, mark, release, reserve, rewind } from "./memory.as";
