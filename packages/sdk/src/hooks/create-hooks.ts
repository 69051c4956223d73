/** Hooks for a program: each hook has a name and URLs, and is called by its name. */

import type { JsonCodec } from "../protocols/hook-protocol.ts";
import { fetchPost } from "./fetch-post.ts";
import { hookDefinition, HookDefinitionError, type HookSettings } from "./hook-settings.ts";
import type { Outcome } from "./outcome.ts";
import { type HookDefinition, type HookPorts, type HookPost, runHook } from "./run-hook.ts";

export interface HooksOptions {
  /**
   * The function that POSTs each call. Default: `fetch`. On Node, {@link dispatcherPost} with an `Agent` of undici 7 or
   * 8 needs about an eighth of the CPU time: `createHooks({ … }, { post: dispatcherPost(new Agent()) })`.
   */
  readonly post?: HookPost;
  /** A `fetch` function to use instead of the platform's own. Must not be given together with `post`. */
  readonly fetch?: typeof fetch;
  /** Parses and writes JSON. Default: `JSON`, which rounds integers beyond 2^53. */
  readonly json?: JsonCodec;
}

export interface CallOptions {
  /** A signal that aborts the call. The call then ends at once with the error `aborted`. */
  readonly signal?: AbortSignal;
}

export interface Hooks<Name extends string> {
  /**
   * POSTs the payload and returns the outcome, which follows from the replies. The payload is a JSON value (for koipy:
   * an object). Rejects only for the name of a hook that is not defined; every other failure is reported in the
   * outcome's `error`.
   */
  call(name: Name, payload: unknown, options?: CallOptions): Promise<Outcome>;
}

/**
 * Defines hooks by their names. A string is the URL of a hook in koipy's dialect.
 *
 * Throws {@link HookDefinitionError} with the code `invalid_hook` for an invalid definition, and a plain `TypeError`
 * for options that exclude each other.
 */
export function createHooks<const Name extends string>(
  definitions: Readonly<Record<Name, string | HookSettings>>,
  options: HooksOptions = {},
): Hooks<Name> {
  const hooks = new Map<string, HookDefinition>();
  for (const [name, settings] of Object.entries<string | HookSettings>(definitions)) {
    hooks.set(name, hookDefinition(name, settings));
  }
  const ports = portsOf(options);
  return {
    async call(name, payload, { signal } = {}) {
      const definition = hooks.get(name);
      if (definition === undefined) {
        throw new HookDefinitionError("unknown_hook", name, `hook ${JSON.stringify(name)}: was not defined`);
      }
      return await runHook(definition, payload, { ...ports, signal });
    },
  };
}

function portsOf({ post, fetch, json = JSON }: HooksOptions): HookPorts {
  if (post !== undefined && fetch !== undefined) throw new TypeError("post and fetch must not be given together");
  return {
    post: post ?? fetchPost(fetch),
    nowMs: () => performance.now(),
    requestId: () => crypto.randomUUID(),
    json,
  };
}
