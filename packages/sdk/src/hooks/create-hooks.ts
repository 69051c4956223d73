/** Hooks of a program: named once, with their URLs, and called from wherever something happens. */

import type { JsonCodec } from "../protocols/hook-protocol.ts";
import { fetchPost } from "./fetch-post.ts";
import { HookDefinitionError } from "./hook-definition-error.ts";
import type { HookSettings } from "./hook-settings.ts";
import { hookDefinition } from "./hook-settings.ts";
import type { Outcome } from "./outcome.ts";
import type { HookDefinition, HookPorts, HookPost } from "./run-hook.ts";
import { runHook } from "./run-hook.ts";

export interface HooksOptions {
  /**
   * The way to POST. Left out: over `fetch`. On Node, {@link dispatcherPost} with an `Agent` of undici 7 or 8 takes about
   * an eighth of the CPU time: `createHooks({ … }, { post: dispatcherPost(new Agent()) })`.
   */
  readonly post?: HookPost;
  /** Another `fetch` than the platform's own. Not together with `post`. */
  readonly fetch?: typeof fetch;
  /** Left out: `JSON`, which rounds integers beyond 2^53. */
  readonly json?: JsonCodec;
}

export interface CallOptions {
  /** Gives the call up; it ends at once with the error `aborted`. */
  readonly signal?: AbortSignal;
}

export interface Hooks<Name extends string> {
  /**
   * POSTs the payload, a JSON value (koipy: an object), and says what the replies mean. Rejects only for a name that was
   * not defined; whatever else goes wrong is in the outcome's `error`.
   */
  call(name: Name, payload: unknown, options?: CallOptions): Promise<Outcome>;
}

/**
 * A string stands for one URL in koipy's dialect.
 *
 * Throws {@link HookDefinitionError}, code `invalid_hook`, for a definition that cannot work, and a plain `TypeError` for
 * options that exclude each other.
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
      return await runHook(definition, payload, signal === undefined ? ports : { ...ports, signal });
    },
  };
}

function portsOf({ post, fetch, json = JSON }: HooksOptions): HookPorts {
  if (post !== undefined && fetch !== undefined) throw new TypeError("hooks go over post or over fetch, not over both");
  return {
    post: post ?? fetchPost(fetch),
    nowMs: () => performance.now(),
    requestId: () => crypto.randomUUID(),
    json,
  };
}
