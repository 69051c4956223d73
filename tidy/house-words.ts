/** A word that must not be used, and the words of the field that say the same. */
export interface HouseWord {
  /** Pattern for names in code. A name is first split into lower-case words: `isNextOne` becomes `is next one`. */
  readonly inNames?: RegExp;
  /** Pattern for file names only, split in the same way. File names must not match `inNames` either. */
  readonly inFileNames?: RegExp;
  /** Pattern for comments, strings and documents. Absent if the word is also ordinary English. */
  readonly inTexts?: RegExp;
  readonly instead: string;
  /** The only folders in which the word is banned. Absent: the word is banned everywhere. */
  readonly below?: readonly string[];
}

const server = ["packages/server/src/"];
/** Rooms of the server without code for CMQ. CMQ's words must not be used there. */
const nativeRooms = ["domain", "store", "transport", "http", "engine", "shapes", "ops", "api", "config"].map(
  (room) => `packages/server/src/${room}/`,
);

export const houseWords: readonly HouseWord[] = [
  // Names that say nothing.
  { inNames: /\butil(?:s|ity|ities)?\b/, instead: "what the functions are for" },
  { inNames: /\bhelpers?\b/, instead: "what it does" },
  { inNames: /\bmanagers?\b/, instead: "what it does" },
  { inNames: /\bimpl\b/, instead: "how it differs from others of its interface" },
  { inFileNames: /\bcommon\b/, instead: "what the parts are for" },
  // Words of this project's past.
  { inNames: /\blanes?\b/, inTexts: /\blanes?\b/i, instead: "subscription sender, or connection pool" },
  { inNames: /\bbur(?:y|ies|ied|ials?)\b/, inTexts: /\bbur(?:y|ies|ied|ying|ials?)\b/i, instead: "dead-lettering" },
  { inNames: /\bin turn\b/, instead: "mutex" },
  { inNames: /\bdoubtful\b/, inTexts: /\bdoubtful\b/i, instead: "suspect" },
  { inNames: /\bstandings?\b/, instead: "health" },
  { inNames: /\bstragglers?\b/, inTexts: /\bstragglers?\b/i, instead: "slow deliveries" },
  { inNames: /\bspill(?:s|ed)?\b/, inTexts: /\bspill(?:s|ed|ing)?\b/i, instead: "park" },
  { inNames: /\bwaiting lines?\b/, inTexts: /\bwaiting lines?\b/i, instead: "queue" },
  { inNames: /\bat hand\b/, inTexts: /\bat hand\b/i, instead: "cached" },
  { inNames: /\baudiences\b/, inTexts: /\baudiences\b/i, instead: "subscription filter cache" },
  { inNames: /\bdoors?\b/, inTexts: /\bdoors?\b/i, instead: "API, or gateway" },
  { inNames: /\bclaim gates?\b/, inTexts: /\bclaim gates?\b/i, instead: "lock" },
  { inNames: /\bhints?\b/, instead: "wake-up" },
  { inNames: /\blook(?:s|ed|ing)?\b/, instead: "poll, or fetch" },
  { inNames: /\b(?:pull|inbox) rooms?\b/, instead: "pull queue" },
  { inNames: /\basked\b/, instead: "requested" },
  { inNames: /\b(?:tell|tells|told|telling|news)\b/, instead: "notify, report, or event" },
  {
    inNames: /\b(?:hand(?:s|ed|ing)? out)\b/,
    inTexts: /\bhand(?:s|ed|ing)? out\b|\bhandings[ -]out\b/i,
    instead: "deliver, or delivery",
  },
  {
    inNames: /\b(?:give|gave|given|giving) back\b/,
    inTexts: /\bg(?:ive|ives|ave|iven|iving) back\b/i,
    instead: "release",
  },
  { inNames: /\b(?:hidden|hides)\b/, instead: "invisible", below: server },
  { inNames: /\breceipts?\b(?! handles?\b)/, instead: "receipt handle, or result" },
  { inNames: /\b(?:held bytes|bytes held)\b/, instead: "memory budget" },
  { inNames: /\bbytes out\b/, instead: "unread bytes" },
  { inNames: /(?<!\bin )\bplaces?\b/, instead: "index, position, or target" },
  { inNames: /\bslots?\b/, instead: "partition", below: ["packages/server/src/store/"] },
  { inNames: /\brouting keys?\b/, instead: "type", below: nativeRooms },
  { inNames: /\bbinding keys?\b/, instead: "types, or type pattern", below: nativeRooms },
];

export function isBannedIn({ below }: HouseWord, path: string): boolean {
  return below === undefined || below.some((folder) => path.startsWith(folder));
}
