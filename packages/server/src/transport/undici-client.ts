import { createRequire } from "node:module";
import type { Client as UndiciClient, errors as undiciErrors } from "undici";

/**
 * Loads only undici's HTTP/1.1 client. The main module also loads fetch, WebSocket, caches and mocks, which cost 10 MB
 * of memory and 30 ms of every start. undici has no `exports` map and its version is pinned, so these paths stay valid.
 */
const load = createRequire(import.meta.url);

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `require` has no types
export const Client = load("undici/lib/dispatcher/client.js") as typeof UndiciClient;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
export const errors = load("undici/lib/core/errors.js") as typeof undiciErrors;

export type Client = UndiciClient;
