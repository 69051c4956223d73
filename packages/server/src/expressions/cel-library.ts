import { createRequire } from "node:module";
import type * as Cel from "@bufbuild/cel";
import type * as CelExtensions from "@bufbuild/cel/ext";
import type * as Wkt from "@bufbuild/protobuf/wkt";
import type * as Re2 from "@bufbuild/re2";

/**
 * Loads the packages at the first expression. They take 30 MB of memory and 200 ms, which a server without expressions
 * does not need.
 */
const load = createRequire(import.meta.url);

export interface CelLibrary {
  readonly cel: typeof Cel;
  readonly strings: typeof CelExtensions.strings;
  readonly wkt: typeof Wkt;
  readonly RE2JS: typeof Re2.RE2JS;
}

let loaded: CelLibrary | null = null;

export function celLibrary(): CelLibrary {
  /* oxlint-disable typescript/no-unsafe-type-assertion -- `require` has no types */
  loaded ??= {
    cel: load("@bufbuild/cel") as typeof Cel,
    strings: (load("@bufbuild/cel/ext") as typeof CelExtensions).strings,
    wkt: load("@bufbuild/protobuf/wkt") as typeof Wkt,
    RE2JS: (load("@bufbuild/re2") as typeof Re2).RE2JS,
  };
  /* oxlint-enable typescript/no-unsafe-type-assertion */
  return loaded;
}
