import { z } from "zod";
import { readableProfile } from "@/dataset/profile.ts";
import type { TableProfile } from "@/dataset/profile.ts";
import { defineTool } from "../tool.ts";
import { datasetField, targetField } from "./fields.ts";
import type { TrainingServices } from "./services.ts";
