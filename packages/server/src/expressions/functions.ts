/** The functions that expressions can call: those of the library, each with its cost. */

import type { CelEnv, CelFunc, CelList, CelValue } from "@bufbuild/cel";
import { limits } from "../domain/limits.ts";
import { celLibrary } from "./cel-library.ts";
import { ExpressionError } from "./expression-error.ts";
import { joinLists } from "./grown-list.ts";
import type { Regexes } from "./regexes.ts";
import { useSteps } from "./steps.ts";

type FuncResolver = CelEnv["funcs"];
type FuncGroup = NonNullable<ReturnType<FuncResolver["find"]>>;

/** Function around the list or map of each macro. Its cost is the length, before the library copies the items. */
export const rangeFunction = "@range";
/** Function around the condition of each macro, which is called once for each item. Its second argument: the parts. */
export const itemFunction = "@item";

/** Steps of a call without long arguments. */
const CALL_STEPS = 10;
const ITEM_STEPS = 6;
/** Characters that a function reads in one step. */
const CHARS_PER_STEP = 4;
/** Reading a time in a time zone, or writing one as text. */
const TIME_STEPS = 60;
const ZONE_STEPS = 1_500;
/** Writing one argument in a format. */
const FORMAT_STEPS = 400;
/** Nested lists and maps that are compared. */
const COMPARED_DEPTH_MAX = 200;

let regexes: Regexes | null = null;

/** Sets the compiled regular expressions of the expression that is evaluated next. */
export function useRegexes(those: Regexes): void {
  regexes = those;
}

let environment: CelEnv | null = null;

/** The environment in which every expression is evaluated. */
export function meteredEnvironment(): CelEnv {
  environment ??= newEnvironment();
  return environment;
}

function newEnvironment(): CelEnv {
  const { cel, strings } = celLibrary();
  const env = cel.celEnv({ funcs: strings });
  const groups = new Map<string, FuncGroup>();
  const find = (name: string): FuncGroup | undefined => {
    const known = groups.get(name);
    if (known !== undefined) return known;
    const metered = ownFunctions.get(name) ?? meteredOf(name, env.funcs.find(name));
    if (metered !== undefined) groups.set(name, metered);
    return metered;
  };
  const funcs = { find, [Symbol.iterator]: () => env.funcs[Symbol.iterator]() };
  const { namespace, registry, variables } = env;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library reads only these members
  return { namespace, registry, variables, funcs } as unknown as CelEnv;
}

type Call = (id: number, target: CelValue | undefined, args: CelValue[]) => ReturnType<FuncGroup["call"]>;

function group(name: string, call: Call, funcs: readonly CelFunc[] = []): FuncGroup {
  return { name, call, [Symbol.iterator]: () => funcs[Symbol.iterator]() };
}

const ownFunctions: ReadonlyMap<string, FuncGroup> = new Map(
  [
    group(rangeFunction, (_id, _target, [range]) => {
      useSteps(CALL_STEPS + sizeOf(range));
      return range;
    }),
    group(itemFunction, (_id, _target, [condition, parts]) => {
      useSteps(ITEM_STEPS + Number(parts));
      return condition;
    }),
  ].map((own) => [own.name, own]),
);

function sizeOf(value: CelValue | undefined): number {
  const { cel } = celLibrary();
  return cel.isCelList(value) || cel.isCelMap(value) ? value.size : 0;
}

function meteredOf(name: string, found: FuncGroup | undefined): FuncGroup | undefined {
  if (found === undefined) return undefined;
  const call: Call = (id, target, args) => {
    useSteps(CALL_STEPS);
    const fast = quickResult(name, args);
    if (fast !== undefined) return fast;
    useSteps(costOf(name, target, args));
    return replaced(name, target, args) ?? found.call(id, target, args);
  };
  return group(name, call, [...found]);
}

/** The commonest calls, without a search for the function that takes these types. */
function quickResult(name: string, [left, right]: readonly CelValue[]): CelValue | undefined {
  if (typeof left === "bigint" && typeof right === "bigint") {
    if (name === "_>_") return left > right;
    if (name === "_<_") return left < right;
    if (name === "_>=_") return left >= right;
    if (name === "_<=_") return left <= right;
    if (name === "_==_") return left === right;
    return name === "_!=_" ? left !== right : undefined;
  }
  if (typeof left !== "string" || typeof right !== "string") return undefined;
  if (name === "_+_") return joinTexts(left, right);
  if (left.length + right.length > CALL_STEPS * CHARS_PER_STEP) return undefined;
  if (name === "_==_") return left === right;
  return name === "_!=_" ? left !== right : undefined;
}

/** V8 joins texts without a copy. */
function joinTexts(left: string, right: string): string {
  assertLength(left.length + right.length);
  useSteps((left.length + right.length) >> 6);
  return left + right;
}

function assertLength(length: number): void {
  if (length <= limits.transformedBodyBytesMax) return;
  throw new ExpressionError(`a text or list of bytes is longer than ${limits.transformedBodyBytesMax}`);
}

/** Calls of which the library's own function would take too long, or lets texts grow without a limit. */
function replaced(name: string, target: CelValue | undefined, args: readonly CelValue[]): CelValue | undefined {
  const { cel } = celLibrary();
  const [first, second] = args;
  if (name === "_+_") {
    if (cel.isCelList(first) && cel.isCelList(second)) return joinLists(first, second);
    if (first instanceof Uint8Array && second instanceof Uint8Array) assertLength(first.length + second.length);
  }
  if (typeof target === "string" && typeof first === "string") {
    if (name === "matches") return regexes?.test(first, target);
    if (name === "replace") return replace(target, first, args.slice(1));
  }
  if (name === "join" && cel.isCelList(target) && args.length <= 1) assertJoinable(target, first);
  return undefined;
}

/** Replaces the first `count` occurrences, or all. Cost: the length of the result. */
function replace(text: string, old: string, [by, count]: readonly CelValue[]): string | undefined {
  if (typeof by !== "string" || (count !== undefined && typeof count !== "bigint")) return undefined;
  const most = count === undefined || count < 0n ? Number.POSITIVE_INFINITY : Number(count);
  const parts = old === "" ? ["", ...Array.from(text)] : text.split(old);
  const made = Math.min(old === "" ? parts.length : parts.length - 1, most);
  const length = text.length + made * (by.length - old.length);
  assertLength(length);
  useSteps(parts.length + (length >> 4));
  if (old === "") return parts.map((part, index) => (index < made ? `${part}${by}` : part)).join("");
  return [parts.slice(0, made + 1).join(by), ...parts.slice(made + 1)].join(old);
}

function assertJoinable(list: CelList, separator: CelValue | undefined): void {
  let length = typeof separator === "string" ? separator.length * list.size : 0;
  for (const item of list) if (typeof item === "string") length += item.length;
  assertLength(length);
  useSteps(2 * list.size + Math.ceil(length / CHARS_PER_STEP));
}

function costOf(name: string, target: CelValue | undefined, args: readonly CelValue[]): number {
  const { cel } = celLibrary();
  switch (name) {
    case "_==_":
    case "_!=_":
      return comparisonCost(args[0], 0) + comparisonCost(args[1], 0);
    case "@in":
      return cel.isCelMap(args[1]) ? textCost(args[0]) : comparisonCost(args[1], 0) + 2 * comparisonCost(args[0], 0);
    case "matches":
      return typeof target === "string" && typeof args[0] === "string" ? (regexes?.cost(args[0], target) ?? 0) : 0;
    case "contains":
    case "indexOf":
    case "lastIndexOf":
      return searchCost(target, args[0]);
    case "format":
      // The format writes its arguments, also nested ones.
      useSteps(20 * comparisonCost(args[0], 0));
      return textCost(target) + (typeof target === "string" ? FORMAT_STEPS * (target.split("%").length - 1) : 0);
    case "timestamp":
    case "duration":
    case "string":
      return (typeof args[0] === "bigint" || typeof args[0] === "boolean" ? 0 : TIME_STEPS) + textCost(args[0]);
    default:
      if (name.startsWith("get")) return args.length === 0 ? TIME_STEPS : ZONE_STEPS;
      return args.reduce<number>((sum, arg) => sum + textCost(arg), textCost(target));
  }
}

function textCost(value: CelValue | undefined): number {
  return typeof value === "string" || value instanceof Uint8Array ? Math.ceil(value.length / CHARS_PER_STEP) : 0;
}

/** A search can compare every character of the text with the first ones of the other text. */
function searchCost(text: CelValue | undefined, other: CelValue | undefined): number {
  if (typeof text !== "string" || typeof other !== "string") return 0;
  return Math.ceil((text.length * Math.min(other.length + 1, 64)) / 64) + textCost(other);
}

/** Counts the parts of a value. The count ends with an error when the evaluation has no steps left. */
function comparisonCost(value: CelValue | undefined, depth: number): number {
  const { cel } = celLibrary();
  if (!cel.isCelList(value) && !cel.isCelMap(value)) return 1 + textCost(value);
  if (depth > COMPARED_DEPTH_MAX) throw new ExpressionError("lists and maps are nested too deeply to compare them");
  useSteps(2 * value.size + 1);
  for (const item of value.values()) useSteps(4 + comparisonCost(item, depth + 1));
  return 0;
}
