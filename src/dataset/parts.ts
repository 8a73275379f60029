/** Names of tables inside files: `shop.db#customers`, `book.xlsx#Sheet2`, `archive.zip#train.csv`. */

export interface NamedPart {
  /** The file, or whatever else holds tables. */
  name: string;
  part?: string;
}

/** Every way to read such a name, the longest name of a file first: files and parts may hold a # themselves. */
export function waysToRead(dataset: string): NamedPart[] {
  const ways: NamedPart[] = [{ name: dataset }];
  for (let at = dataset.lastIndexOf("#"); at > 0; at = dataset.lastIndexOf("#", at - 1)) {
    ways.push({ name: dataset.slice(0, at), part: dataset.slice(at + 1) });
  }
  return ways;
}
