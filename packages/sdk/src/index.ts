/** Both ends of a callback: the client of the REST API, receivers, and hooks. `@ringback/sdk/opencard` is apart. */

export * from "./client/index.ts";
export * from "./hooks/index.ts";
export * from "./receive/index.ts";
