/** The words of a request and of a column's name, made comparable: split, lower case, stemmed, with synonyms. */

const STOP = new Set(
  (`a an and any are as at be been being best build by can could create data dataset deploy did do does each
  every file for forecast from get give given has have help how i if in into is it its kaggle learn least like make many me
  ml model most much my need of on one or our out please predict prediction predictive predictor set should
  some table tell than that the their them then there these they this those to train try up us use using want was we
  were what when where whether which who whom whose why will with would you your estimate classify classifier
  regress regression guess detect find explain machine learning serve rows row column columns based csv
  sample`).split(/\s+/),
);

/** Words that mean the same to us; the first names the group. */
const SYNONYMS = [
  [
    "churn",
    "leave",
    "left",
    "leaving",
    "exit",
    "exited",
    "attrition",
    "quit",
    "cancel",
    "unsubscribe",
    "defect",
  ],
  ["price", "cost", "value", "worth", "amount", "expensive", "fare", "rent", "valuation"],
  [
    "survive",
    "survived",
    "survival",
    "survivor",
    "alive",
    "die",
    "died",
    "death",
    "dead",
    "perish",
    "deceased",
  ],
  ["species", "kind", "type", "class", "variety", "category", "specie"],
  ["default", "defaulted", "bankrupt", "bankruptcy", "delinquent"],
  ["salary", "income", "wage", "pay", "earn", "earning", "compensation"],
  ["quality", "rating", "score", "grade", "stars"],
  ["disease", "sick", "ill", "illness", "diagnosis", "malignant", "benign", "cancer", "tumor", "condition"],
  ["fraud", "fraudulent", "scam"],
  ["weight", "mass", "heavy", "heaviness"],
  ["height", "tall", "tallness"],
  ["length", "long"],
  ["age", "old", "year", "rings"],
  ["sex", "gender", "male", "female"],
  ["buy", "bought", "purchase", "purchased", "order", "convert", "conversion", "subscribe", "subscribed"],
  ["sales", "sold", "sell", "demand", "revenue", "turnover"],
  ["delay", "delayed", "late", "lateness"],
  ["mpg", "mileage", "consumption", "efficiency", "economy"],
  ["progression", "progress", "worsening"],
  ["house", "housing", "home", "property", "apartment", "flat"],
  ["car", "auto", "automobile", "vehicle"],
  ["customer", "client", "subscriber"],
  ["flower", "plant", "blossom"],
  ["ship", "boat", "titanic"],
  ["count", "number", "quantity", "rentals", "rides", "trips"],
  ["loan", "credit"],
  ["hire", "rental", "rented"],
];

const UNCHANGED = new Set(["species", "series", "sales", "gas", "news", "class", "status", "has"]);

/** A short form that the forms of one word share: `leaving`, `leaves`, `leave` -> `leav`. */
export function stem(word: string): string {
  const w = word.toLowerCase();
  if (UNCHANGED.has(w) || w.length <= 3) return w;
  let s = w;
  if (s.endsWith("ies") && s.length > 4) s = s.slice(0, -3) + "y";
  else if (/(?:ss|sh|ch|x)es$/.test(s)) s = s.slice(0, -2);
  else if (s.endsWith("s") && !/(?:ss|us|is)$/.test(s)) s = s.slice(0, -1);
  if (s.endsWith("ing") && s.length > 5) s = undouble(s.slice(0, -3));
  else if (s.endsWith("ed") && s.length > 4) s = undouble(s.slice(0, -2));
  else if (s.endsWith("al") && s.length > 6) s = s.slice(0, -2);
  else if (s.endsWith("ly") && s.length > 5) s = s.slice(0, -2);
  return s.endsWith("e") && s.length > 3 ? s.slice(0, -1) : s;
}

function undouble(s: string): string {
  return /([bdgmnprt])\1$/.test(s) ? s.slice(0, -1) : s;
}

/** `billLength_mm2` -> bill, length, mm, 2. */
export function splitWords(text: string): string[] {
  return text.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2").toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? [];
}

/** The words that carry meaning, in order, each once. */
export function contentWords(text: string): string[] {
  return [...new Set(splitWords(text).filter((word) => word.length > 1 && !STOP.has(word)))];
}

export function isStopWord(word: string): boolean {
  return STOP.has(word.toLowerCase());
}

const GROUPS = new Map<string, Set<number>>();
SYNONYMS.forEach((words, group) => {
  for (const word of words) {
    const key = stem(word);
    GROUPS.set(key, (GROUPS.get(key) ?? new Set()).add(group));
  }
});

/** 1 for two forms of one word, 0.8 for synonyms, 0 for strangers. */
export function likeness(a: string, b: string): number {
  const left = stem(a);
  const right = stem(b);
  if (left === right) return 1;
  const groups = GROUPS.get(left);
  const others = GROUPS.get(right);
  if (groups && others) { for (const group of groups) if (others.has(group)) return 0.8; }
  return 0;
}

/** The usual word for it: `leaving` and `exited` are churn, `customers` is customer. */
export function usualWord(word: string): string {
  const group = GROUPS.get(stem(word))?.values().next().value;
  if (group !== undefined) return SYNONYMS[group][0];
  return UNCHANGED.has(word) || !/[^su]s$/.test(word) ? word : word.slice(0, -1);
}

/** The best likeness of a word to any of the others. */
export function bestLikeness(word: string, others: readonly string[]): number {
  return others.reduce((best, other) => Math.max(best, likeness(word, other)), 0);
}

/** A name for URLs, models and endpoints: small letters, digits and single hyphens, at most `limit` long. */
export function slug(text: string, limit = 48): string {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, limit).replace(/-+$/, "");
}
