import "@/jobs/reading_worker.ts";
import "./probe_rights.ts";
