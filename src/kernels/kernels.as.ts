/** The kernels that make up kernels.wasm: what is exported here can be run by its name. */
export {
  boost_add_leaf,
  boost_add_tree,
  boost_expand,
  boost_histogram,
  boost_order,
  boost_partition,
  boost_scratch,
  boost_split,
  boost_total,
} from "./boosting.as";
export { boost_bin, boost_sort, boost_sort_scratch, boost_transpose } from "./boosting_bins.as";
export { boost_derive, boost_loss } from "./boosting_loss.as";
export { boost_score } from "./boosting_predict.as";
export {
  column_binarize, column_class_sums, column_compact, column_least, column_moments, column_scale, column_select, column_sum,
} from "./columns.as";
export { csv_cut, csv_lengths, csv_merge, csv_parse } from "./csv.as";
export { exp_log } from "./exp_log.as";
export { forest_grow } from "./forest.as";
export { forest_code, forest_code_scratch } from "./forest_codes.as";
export { forest_score } from "./forest_predict.as";
export { allocate, mark, release, reserve, rewind } from "./memory.as";
export {
  matrix_column_sums, matrix_fill, matrix_gather, matrix_multiply, matrix_multiply_sparse,
  matrix_multiply_sparse_transposed, matrix_scratch, matrix_transpose, matrix_zeros,
} from "./matrix.as";
export {
  network_activate, network_adam, network_descend, network_loss, network_mask, network_product, network_slope,
  network_squares,
} from "./network.as";
export { network_inputs, network_layer, network_sigmoid } from "./network_predict.as";
export {
  linear_centre, linear_gradient, linear_gram, linear_logistic, linear_poisson, linear_scores, linear_sigmoid,
  linear_softmax,
} from "./linear.as";
export { svm_dot, svm_partner, svm_row, svm_update } from "./svm.as";
export { neighbors_offer } from "./neighbors.as";
