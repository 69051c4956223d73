/** The messages that a topic takes, by the account's catalogue of event types. */
export interface Accepts {
  /** `listed`: only messages of types that the catalogue lists. */
  readonly types: "any" | "listed";
  /** `valid`: only bodies that are valid by the schema of their type. A type without a schema takes every body. */
  readonly bodies: "any" | "valid";
}

/** A topic that gives no setting takes every message. */
export const acceptsDefault: Accepts = { types: "any", bodies: "any" };
