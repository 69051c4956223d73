import { terminalSize, type CommandContext, type Input } from "../context.ts";
import { createPaint } from "../paint.ts";
import type { Delivery, ListenReport } from "./delivery.ts";
import { createView, pressed, selectedDelivery, viewLines, withDelivery, type ListenView } from "./listen-view.ts";

/** The terminal view of `listen`: draws the view when it has changed, and reads keys. */
export interface ListenScreen extends ListenReport, Disposable {
  /** Reads keys until the input ends. */
  readKeys(actions: { readonly quit: () => void; readonly retry: (delivery: Delivery) => Promise<string> }): void;
}

/** The times `again in 3 s` are drawn again this often. */
const tickMs = 1_000;
/** The view is drawn at most this often, however many messages come. */
const drawMs = 40;

const enter = "\u001b[?1049h\u001b[?25l\u001b[2J";
const leave = "\u001b[?25h\u001b[?1049l";

export function createScreen(context: CommandContext, title: string): ListenScreen {
  const { stdin, stdout, clock } = context;
  const paint = createPaint(context, stdout);
  let view: ListenView = createView(title);
  let isDone = false;
  let drawing: NodeJS.Timeout | null = null;
  const draw = (): void => {
    drawing = null;
    if (isDone) return;
    const lines = viewLines(view, terminalSize(stdout), paint, clock.wall());
    stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\r\n")}\u001b[J`);
  };
  const change = (next: ListenView): void => {
    view = next;
    drawing ??= setTimeout(draw, drawMs);
  };
  const open = (): void => {
    stdin.setRawMode?.(true);
    stdout.write(enter);
    draw();
  };
  const close = (): void => {
    stdin.setRawMode?.(false);
    stdout.write(leave);
  };
  open();
  context.onContinue?.(() => {
    if (isDone) return;
    // The shell has changed the terminal, and Node ignores a mode that it believes to be set.
    stdin.setRawMode?.(false);
    open();
  });
  const tick = setInterval(draw, tickMs);
  return {
    delivery: (delivery) => change(withDelivery(view, delivery)),
    notice: (notice) => change({ ...view, notice }),
    readKeys({ quit, retry }) {
      const press = (key: string): void => {
        const [next, action] = pressed(view, key);
        change(next);
        if (action === "quit") quit();
        if (action === "suspend" && context.suspend !== undefined) {
          close();
          context.suspend();
        }
        const delivery = selectedDelivery(view);
        if (action !== "retry" || delivery === null) return;
        const shown = (notice: string): void => change({ ...view, notice });
        retry(delivery).then(shown, (error: unknown) => shown(error instanceof Error ? error.message : String(error)));
      };
      void readKeys(stdin, press, () => isDone);
    },
    [Symbol.dispose]() {
      isDone = true;
      clearInterval(tick);
      if (drawing !== null) clearTimeout(drawing);
      close();
    },
  };
}

/** A terminal sends several keys at once when they are pressed quickly. */
// oxlint-disable-next-line no-control-regex -- the escape character begins the code of an arrow key
const keyForm = /\u001b\[[A-D]|[\s\S]/g;

async function readKeys(stdin: Input, press: (key: string) => void, isDone: () => boolean): Promise<void> {
  for await (const piece of stdin) {
    for (const [key] of Buffer.from(piece).toString("utf8").matchAll(keyForm)) {
      if (isDone()) return;
      press(key);
    }
  }
}
