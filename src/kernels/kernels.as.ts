/** The kernels that make up kernels.wasm: what is exported here can be run by its name. */
export {
  boost_add_leaf,
  boost_add_tree,
  boost_expand,
  boost_histogram,
  boost_partition,
  boost_quantise,
  boost_scratch,
  boost_split,
  boost_total,
} from "./boosting.as";
export { boost_bin, boost_sort, boost_sort_scratch, boost_transpose } from "./boosting_bins.as";
export { boost_derive, boost_loss } from "./boosting_loss.as";
export { csv_cut, csv_lengths, csv_merge, csv_parse } from "./csv.as";
export { exp_log } from "./exp_log.as";
export { allocate, mark, release, reserve, rewind } from "./memory.as";
