/**
 * The shapes of replies, once as fields and written in either style: plain (an optional field that isn't set is
 * absent) or nullable (each optional field has its twins hasX and, when set, xNullable).
 */
import { extname } from "node:path";
import { type Content, modifiedOf, sizeOf } from "./content.ts";
import type { EmulatedDataset, Files } from "./datasets.ts";

export type Style = "plain" | "nullable";
type Fields = Record<string, unknown>;

/** @param optional fields that may be unset; undefined means unset */
function write(style: Style, fields: Fields, optional: Fields): Fields {
  const reply: Fields = { ...fields };
  for (const [name, value] of Object.entries(optional)) {
    if (style === "plain") {
      if (value !== undefined) reply[name] = value;
      continue;
    }
    reply[name] = value ??
      (["totalBytes", "currentVersionNumber", "usabilityRating"].includes(name) ? 0 : "");
    reply[`has${name[0].toUpperCase()}${name.slice(1)}`] = value !== undefined;
    if (value !== undefined) reply[`${name}Nullable`] = value;
  }
  return reply;
}

/** A stable number for a reference, as Kaggle's ids are. */
export function datasetIdOf(ref: string): number {
  let id = 7;
  for (const char of ref) id = (Math.imul(id, 31) + char.charCodeAt(0)) & 0x3fffffff;
  return id;
}

/** ApiDataset; an item of a list has no description and no versions, but an address. */
export function datasetReply(
  style: Style,
  ref: string,
  dataset: EmulatedDataset,
  kind: "item" | "view",
): Fields {
  const { files, version } = dataset;
  const owner = ref.split("/")[0];
  const numbers = [...new Set([version, ...Object.keys(dataset.versions ?? {}).map(Number)])].sort((a, b) =>
    b - a
  );
  return write(style, {
    id: datasetIdOf(ref),
    ref,
    lastUpdated: updatedOf(dataset),
    downloadCount: dataset.downloads ?? 0,
    isPrivate: dataset.isPrivate ?? false,
    isFeatured: false,
    kernelCount: 0,
    topicCount: 0,
    viewCount: 0,
    voteCount: dataset.votes ?? 0,
    tags: (dataset.keywords ?? []).map((keyword) => tagReply(style, keyword)),
    files: [],
    versions: kind === "item"
      ? []
      : numbers.map((versionNumber) =>
        write(style, { versionNumber, creationDate: updatedOf(dataset) }, {
          creatorName: owner,
          status: "Ready",
        })
      ),
  }, {
    title: dataset.title,
    subtitle: dataset.subtitle,
    description: kind === "view" ? dataset.description : undefined,
    creatorName: dataset.ownerName ?? owner,
    totalBytes: Object.values(files).reduce((sum, content) => sum + sizeOf(content), 0),
    url: kind === "item" ? `https://www.kaggle.com/datasets/${ref}` : undefined,
    licenseName: dataset.license,
    ownerName: dataset.ownerName ?? owner,
    ownerRef: owner,
    currentVersionNumber: version,
    usabilityRating: dataset.usability,
  });
}

function tagReply(style: Style, keyword: string): Fields {
  const counts = { competitionCount: 0, datasetCount: 0, scriptCount: 0, totalCount: 0 };
  return write(style, { ref: keyword, ...counts }, {
    name: keyword,
    fullPath: keyword,
    description: undefined,
  });
}

/** ApiDatasetFile */
export function fileReply(style: Style, name: string, content: Content): Fields {
  return write(style, {
    ref: "",
    name,
    creationDate: modifiedOf(content).toISOString(),
    totalBytes: sizeOf(content),
    columns: [],
  }, {
    datasetRef: undefined,
    ownerRef: undefined,
    name,
    fileType: undefined,
    url: undefined,
    description: undefined,
  });
}

/** GetDatasetMetadata */
export function metadataReply(style: Style, ref: string, dataset: EmulatedDataset): Fields {
  const [ownerUser, datasetSlug] = ref.split("/");
  const info = write(style, {
    datasetId: datasetIdOf(ref),
    totalViews: 0,
    totalVotes: dataset.votes ?? 0,
    totalDownloads: dataset.downloads ?? 0,
    isPrivate: dataset.isPrivate ?? false,
    keywords: dataset.keywords ?? [],
    licenses: [{ name: dataset.licenseId ?? dataset.license }],
    collaborators: [],
    data: [],
  }, {
    datasetSlug,
    ownerUser,
    usabilityRating: dataset.usability,
    title: dataset.title,
    subtitle: dataset.subtitle,
    description: dataset.description,
    expectedUpdateFrequency: undefined,
    userSpecifiedSources: undefined,
  });
  return { info };
}

export interface TreeEntry {
  kind: "folder" | "file";
  name: string;
  path: string;
}

/** One level: folders first, then files. @param folder "" for the root; null when there is no such folder */
export function treeLevel(files: Files, folder: string): TreeEntry[] | null {
  const prefix = folder === "" ? "" : `${folder}/`;
  const inside = Object.keys(files).filter((name) => name.startsWith(prefix));
  if (folder !== "" && inside.length === 0) return null;
  const rests = inside.map((name) => name.slice(prefix.length));
  const folders = [...new Set(rests.filter((rest) => rest.includes("/")).map((rest) => rest.split("/")[0]))];
  return [
    ...folders.map((name) => ({ kind: "folder" as const, name, path: `${prefix}${name}` })),
    ...rests.filter((rest) => !rest.includes("/"))
      .map((name) => ({ kind: "file" as const, name, path: `${prefix}${name}` })),
  ];
}

/** ListTreeDatasetFiles */
export function treeReply(
  files: Files,
  level: TreeEntry[],
  page: TreeEntry[],
  next: string | undefined,
): Fields {
  const count = (kind: TreeEntry["kind"]) => level.filter((entry) => entry.kind === kind).length;
  return {
    directories: page.filter(({ kind }) => kind === "folder").map(({ name, path }) => {
      const below = treeLevel(files, path) ?? [];
      const totalDirectories = below.filter(({ kind }) => kind === "folder").length;
      const totalFiles = below.length - totalDirectories;
      return { name, relativeUrl: path, totalDirectories, totalFiles, totalChildren: below.length };
    }),
    files: page.filter(({ kind }) => kind === "file").map(({ name, path }) => ({
      name,
      creationDate: modifiedOf(files[path]).toISOString(),
      totalBytes: sizeOf(files[path]),
      relativeUrl: path,
      description: "",
    })),
    totalChildren: level.length,
    totalDirectories: count("folder"),
    totalFiles: count("file"),
    ...(next ? { nextPageToken: next } : {}),
  };
}

/** GetDatasetFilesSummary */
export function summaryReply(files: Files): Fields {
  const types = new Map<string, { extension: string; fileCount: number; totalSize: number }>();
  for (const [name, content] of Object.entries(files)) {
    const extension = extname(name);
    const type = types.get(extension) ?? { extension, fileCount: 0, totalSize: 0 };
    type.fileCount++;
    type.totalSize += sizeOf(content);
    types.set(extension, type);
  }
  return {
    fileSummaryInfo: { totalFileCount: Object.keys(files).length, fileTypes: [...types.values()] },
    columnSummaryInfo: { totalColumnCount: 0, columnTypes: [] },
  };
}

/** ISO 8601, UTC. */
export function updatedOf(dataset: EmulatedDataset): string {
  return dataset.lastUpdated ?? "2026-02-13T06:56:19.7Z";
}
