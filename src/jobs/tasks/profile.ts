/** Looks at a table, and at one of its columns as a target. */
import { findProblems } from "@/dataset/checks/checks.ts";
import type { Finding } from "@/dataset/checks/finding.ts";
import { profilePage } from "@/dataset/profile/page/profile_page.ts";
import { type ProfileOptions, profileTable, type TableProfile } from "@/dataset/profile/profile.ts";
import { readSource, type TableBytes } from "./read_source.ts";

export interface ProfileInput extends TableBytes, Pick<ProfileOptions, "target" | "columns" | "limit"> {
  /** Make a page of it, too, under this title. */
  page_title?: string;
}

export interface Profiled extends TableProfile {
  /** What train_model would find, the gravest first. */
  findings: Finding[];
  /** What reading the table had to guess or change. */
  notes?: readonly string[];
  /** HTML. */
  page?: string;
}

export async function profile(input: ProfileInput): Promise<Profiled> {
  const { target, columns, limit, page_title } = input;
  const table = await readSource(input);
  const { notes } = table;
  const wanted = {
    ...(target === undefined ? {} : { target }),
    ...(columns ? { columns } : {}),
    ...(limit === undefined ? {} : { limit }),
  };
  const made = profileTable(table, { ...wanted, by_class: page_title !== undefined });
  const findings = findProblems(table, target === undefined ? {} : { target });
  return {
    ...made,
    findings,
    ...(notes ? { notes } : {}),
    ...(page_title === undefined
      ? {}
      : { page: profilePage(made, { title: page_title, findings, ...(notes ? { notes } : {}) }) }),
  };
}
