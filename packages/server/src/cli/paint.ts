import { styleText } from "node:util";
import type { CommandContext, Output } from "./context.ts";

type Colour = "green" | "red" | "yellow" | "dim" | "bold";

export type Paint = (colour: Colour, text: string) => string;

/** Creates functions that colour text. Pipes and files, and terminals with NO_COLOR set, get plain text. */
export function createPaint(context: Pick<CommandContext, "env">, output: Output): Paint {
  const coloured = output.isTTY === true && (context.env["NO_COLOR"] ?? "") === "";
  return coloured ? (colour, text) => styleText(colour, text, { validateStream: false }) : (_, text) => text;
}
