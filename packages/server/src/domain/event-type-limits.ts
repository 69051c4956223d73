/** The limits of the catalogue of event types. docs/adr/0040 says how the cost of a check is counted. */
export const eventTypeLimits = {
  /** Event types of one account. The generated documents list them all. */
  eventTypesMax: 2_000,
  /** A schema as JSON. Schemas of webhooks have a few kilobytes. */
  schemaBytesMax: 32 * 1024,
  exampleBytesMax: 16 * 1024,
  versionCharsMax: 64,
  /** Nesting of subschemas. */
  schemaDepthMax: 32,
  /** Subschemas of one schema. They limit the time to compile it: at most about 50 ms. */
  subschemasMax: 200,
  patternCharsMax: 512,
  /** Instructions of a compiled regular expression. A character of a text costs at most that many. */
  patternInstructionsMax: 500,
  /** Instructions of all regular expressions of one schema. */
  schemaInstructionsMax: 2_000,
  /** A longer string has no format. All regular expressions of the formats are fast for strings of this length. */
  formatCharsMax: 2_048,
  /**
   * Cost of the check of one body, in steps: subschemas that are applied, members and items that are compared, and
   * characters that are matched. So many take 1 to 30 ms.
   */
  checkStepsMax: 500_000,
  /** Steps of a batch after which the server does other work. */
  checkStepsAtOnce: 100_000,
  /** Nesting of a body that is checked. */
  checkedDepthMax: 200,
  /**
   * Subschemas of the compiled schemas in memory, over all accounts: a thousand ordinary schemas. A schema that is not
   * among them is compiled again.
   */
  compiledSubschemasMax: 15_000,
  /** Faults of one body that an error lists. */
  bodyFaultsMax: 5,
  faultCharsMax: 500,
  /** Event types on one page of the generated HTML. */
  pageTypesMax: 100,
} as const;
