import { ApiError, pause } from "../api-client.ts";
import { CommandError } from "../command-error.ts";
import { stopSignal, terminalSize } from "../context.ts";
import { createPaint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { listLines, write, type Call, type Result } from "./write-items.ts";
import { tableLines, valueAt } from "./text-table.ts";
import { viewText } from "./view-text.ts";

const intervalMsDefault = 2_000;
/** Items of which a list that is followed remembers what it has shown. */
const rememberedMax = 10_000;

/**
 * Repeats a request. A terminal shows the newest result in place of the one before. Elsewhere each new or changed item
 * is written once, so that the output can be read by a program. Ends at a stop signal, and when the view has ended.
 */
export async function watch(call: Call, read: () => Promise<Result>): Promise<void> {
  const { verb, options, context } = call;
  const signal = stopSignal(context);
  const intervalMs = options.watch ?? intervalMsDefault;
  const show = context.stdout.isTTY === true && options.json !== true ? redrawer(call) : follower(call);
  let hasShown = false;
  while (!signal.aborted) {
    try {
      const { items } = await read();
      if (signal.aborted) return;
      show(items);
      hasShown = true;
      if (verb.endsWith !== undefined && valueAt(items[0], [verb.endsWith]) !== null) return;
    } catch (error) {
      // A server that restarts is asked again. A request that it has refused would be refused again.
      const isFinal = !(error instanceof CommandError) || (error instanceof ApiError && error.status < 500);
      if (!hasShown || isFinal) throw error;
      context.stderr.write(`ringback: ${printableLine(error.message)}; trying again\n`);
    }
    await pause(intervalMs, signal);
  }
}

/** Clears the screen once, and then overwrites each line, which flickers less than clearing. */
function redrawer(call: Call): (items: readonly unknown[]) => void {
  const { stdout } = call.context;
  stdout.write("\u001b[2J");
  return (items) => {
    const lines = call.verb.isList === true ? listLines(call, items) : viewText(items[0]).split("\n");
    const shown = lines.slice(0, Math.max(1, terminalSize(stdout).rows - 1));
    stdout.write(`\u001b[H${shown.map((line) => `${line}\u001b[K\n`).join("")}\u001b[J`);
  };
}

function follower(call: Call): (items: readonly unknown[]) => void {
  const { resource, verb, options, context } = call;
  const remembered = new Map<string, string>();
  let isFirst = true;
  return (items) => {
    // Records come newest first, and are followed in the order in which they happened.
    const inOrder = resource.kind === "records" ? items.toReversed() : items;
    const changed = inOrder.filter((item) => isChanged(remembered, idOf(call, item), JSON.stringify(item)));
    if (verb.isList !== true || options.json === true || options.quiet === true) {
      if (changed.length > 0) write(call, changed);
    } else if (changed.length > 0) {
      const table = { widthMax: null, heading: isFirst };
      for (const line of tableLines(resource.columns, changed, createPaint(context, context.stdout), table)) {
        context.stdout.write(`${line}\n`);
      }
    }
    isFirst &&= changed.length === 0;
  };
}

/** An attempt has no id of its own. */
function idOf({ resource }: Call, item: unknown): string {
  return JSON.stringify([resource.id, "topic", "subscription", "attempt"].map((name) => valueAt(item, [name])));
}

function isChanged(remembered: Map<string, string>, id: string, text: string): boolean {
  if (remembered.get(id) === text) return false;
  remembered.delete(id);
  remembered.set(id, text);
  const [oldest] = remembered.keys();
  if (remembered.size > rememberedMax && oldest !== undefined) remembered.delete(oldest);
  return true;
}
