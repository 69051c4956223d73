import type { Column, Field, FieldKind, Route, Verb } from "./resource.ts";

/** Parts of the descriptions of resources. */

/** Creates columns from texts such as `url push.url pull`: the heading, and then paths. */
export function columns(...texts: readonly string[]): readonly Column[] {
  return texts.map((text) => {
    const [heading = "", ...paths] = text.split(" ");
    return { heading: heading.replaceAll("_", " ").toUpperCase(), paths: paths.length === 0 ? [heading] : paths };
  });
}

export function field(name: string, about: string, kind: FieldKind = "text", to = name, word?: string): Field {
  return { name, about, kind, to, ...(word === undefined ? {} : { word }) };
}

export const label = field("label", "only those with this label, such as customer=acme", "text", "label", "name=value");
export const times = [field("from", "not before this time", "time"), field("to", "before this time", "time")];
export const subscriptionPath = "/v1/topics/{topic}/subscriptions/{subscription}";
export const overlap = field("overlap", "how long the old one stays valid", "duration", "overlapMs");

/** The verbs of a resource that callers create under a name. */
export function named(
  noun: string,
  path: `/${string}`,
  lists: readonly [Route, ...Route[]],
  query: readonly Field[],
): Verb[] {
  return [
    { name: "list", about: `List ${noun}s.`, routes: lists, query, isList: true },
    { name: "get", about: `Show one ${noun}.`, routes: [`GET ${path}`] },
    {
      name: "put",
      about: `Create the ${noun}, or replace all its settings.`,
      routes: [`PUT ${path}`],
      body: "required",
    },
    {
      name: "patch",
      about: `Change some settings of the ${noun} (JSON merge patch).`,
      routes: [`PATCH ${path}`],
      body: "required",
    },
    { name: "delete", about: `Delete the ${noun}.`, routes: [`DELETE ${path}`] },
  ];
}
