/** The description of the commands that work on resources of the API. `resource-table.ts` has all of them. */

export type Method = "GET" | "PUT" | "PATCH" | "POST" | "DELETE";

/** Method and path, such as `GET /v1/topics/{topic}`. Each `{…}` is an argument of the command. */
export type Route = `${Method} /${string}`;

/** How the text of an option becomes a JSON value. */
export type FieldKind = "text" | "list" | "count" | "counts" | "duration" | "time" | "position" | "yes";

/** An option of a command. */
export interface Field {
  /** The option's name, without the hyphens, such as `from`. */
  readonly name: string;
  /** Where the value goes in the body, such as `from` or `rate.perSecond`, or the name in the query. */
  readonly to: string;
  readonly kind: FieldKind;
  readonly about: string;
  /** The word that the help shows for the value. Default: the kind's own. */
  readonly word?: string;
}

/** A column of a table: its heading, and where the value is. */
export interface Column {
  readonly heading: string;
  /** Paths in the item, such as `push.url`. The first that has a value is shown. */
  readonly paths: readonly string[];
}

export interface Verb {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly about: string;
  /** With several routes, the arguments decide: the command uses the route that has exactly the given arguments. */
  readonly routes: readonly [Route, ...Route[]];
  /** Parameters of the query. */
  readonly query?: readonly Field[];
  /** A verb with a body takes `-f` and `--set`. With `optional` the request has no body if nothing is given. */
  readonly body?: "required" | "optional";
  /** Options that set members of the body. */
  readonly fields?: readonly Field[];
  /** The verb shows items of a list. */
  readonly isList?: true;
  /** The verb shows a document for other programs: JSON, with every member. */
  readonly isDocument?: true;
  /** `--watch` ends when this member of the view is no longer null. */
  readonly endsWith?: string;
  /** Returns why what the view shows is a failure, or null. The command shows the view and then fails. */
  readonly failureOf?: (view: Readonly<Record<string, unknown>>) => string | null;
  /** The verb always watches. */
  readonly isWatch?: true;
}

export interface Resource {
  /** The command, such as `topics`. */
  readonly name: string;
  readonly about: string;
  /** `records`: a list can be very long and is newest first, so that only its first items are shown by default. */
  readonly kind: "settings" | "records";
  /** The member that identifies an item in its list; `--quiet` prints it. */
  readonly id: string;
  readonly columns: readonly Column[];
  readonly verbs: readonly Verb[];
  /** Lines below the help. */
  readonly examples: string;
}

/** The arguments of a route, in the order of its path. */
export function argumentsOf(route: Route): readonly string[] {
  return Array.from(route.matchAll(/\{(\w+)\}/g), ([, name = ""]) => name);
}
