import type { ApiData, ApiInit, ApiPath } from "./api.ts";

/** The paths of lists. */
export type ListPath = {
  [P in ApiPath<"get">]: ApiData<"get", P> extends Page ? P : never;
}[ApiPath<"get">];

export type ListItem<P extends ListPath> =
  ApiData<"get", P> extends { readonly items: readonly (infer I)[] } ? I : never;

interface Page {
  readonly items: readonly unknown[];
  readonly next: string | null;
}

interface PageInit {
  readonly params?: { readonly query?: object };
}

/** Reads a list page by page, each when its items are needed. */
export async function* itemsOf<P extends ListPath>(
  get: (path: P, init: ApiInit<"get", P>) => Promise<unknown>,
  path: P,
  init: ApiInit<"get", P> | undefined,
): AsyncGenerator<ListItem<P>, void, undefined> {
  const { params, ...others } = (init ?? {}) as PageInit;
  let after: string | null = null;
  do {
    const query: object = { ...params?.query, ...(after !== null && { after }) };
    // The types of the path have checked its parameters; the cursor is one of them.
    const page = (await get(path, { ...others, params: { ...params, query } } as ApiInit<"get", P>)) as Page;
    yield* page.items as readonly ListItem<P>[];
    after = page.next;
  } while (after !== null);
}
