import "@/jobs/learning_worker.ts";
import "./probe_rights.ts";
