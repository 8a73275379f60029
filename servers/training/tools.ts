/** The tools of the training-server, in the order that a host shows them. */
import type { AnyTool } from "../tool.ts";
import { cancelTrainingJob } from "./cancel_training_job.ts";
import { explainModel } from "./explain_model.ts";
import { getModelMetrics } from "./get_model_metrics.ts";
import { getTrainingJob } from "./get_training_job.ts";
import { listAlgorithms } from "./list_algorithms.ts";
import { listTrainedModels } from "./list_trained_models.ts";
import { listTrainingJobs } from "./list_training_jobs.ts";
import { loadModel } from "./load_model.ts";
import { predict } from "./predict.ts";
import { profileDataset } from "./profile_dataset.ts";
import { saveModel } from "./save_model.ts";
import { saveProfile } from "./save_profile.ts";
import type { TrainingServices } from "./services.ts";
import { trainModel } from "./train_model.ts";
import { validateModel } from "./validate_model.ts";

export const TOOLS: readonly AnyTool<TrainingServices>[] = [
  profileDataset,
  saveProfile,
  listAlgorithms,
  trainModel,
  getTrainingJob,
  listTrainingJobs,
  cancelTrainingJob,
  validateModel,
  getModelMetrics,
  listTrainedModels,
  predict,
  explainModel,
  saveModel,
  loadModel,
];
