import { useMutation, type UseMutationResult } from "@tanstack/react-query";
import type { paths } from "@ringback/sdk/client";
import { announce } from "../parts/announcements.ts";
import { invalidate } from "./queries.ts";

type GetPath = { [P in keyof paths]: paths[P] extends { get: object } ? P : never }[keyof paths];

interface ActionOptions<V, R> {
  readonly run: (value: V) => Promise<R>;
  /** The paths whose queries are read again afterwards. */
  readonly changes: readonly GetPath[];
  /** The sentence that says that it is done, shown and read aloud. */
  readonly done?: (result: R, value: V) => string;
}

/** A change that a button makes. Its failure is in `error`, for a `ProblemNotice` beside the button. */
export function useAction<V = void, R = unknown>(options: ActionOptions<V, R>): UseMutationResult<R, Error, V> {
  return useMutation({
    mutationFn: options.run,
    onSuccess: async (result, value) => {
      await invalidate(...options.changes);
      if (options.done !== undefined) announce(options.done(result, value));
    },
  });
}
