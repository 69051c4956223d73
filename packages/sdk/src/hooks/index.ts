export { type CallOptions, createHooks, type Hooks, type HooksOptions } from "./create-hooks.ts";
export { dispatcherPost, type UndiciDispatcher } from "./dispatcher-post.ts";
export { fetchPost } from "./fetch-post.ts";
export { hookLimits } from "./hook-limits.ts";
export { hookDefinition, HookDefinitionError, type HookSettings } from "./hook-settings.ts";
export { failureReasons, type HookErrorCode, type Outcome, type PostFailure } from "./outcome.ts";
export { runHook } from "./run-hook.ts";
export type { FailedPost, HookDefinition, HookPorts, HookPost, PostOptions } from "./run-hook.ts";
