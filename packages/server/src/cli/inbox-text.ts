import { bodyView } from "../shapes/bytes-view.ts";
import { countAndTime, indented, shownCharsMax } from "./arrival-text.ts";
import type { Paint } from "./paint.ts";
import type { InboxArrival } from "./inbox-server.ts";
import { jsonLine, printableLine, printableText, textOfBytes } from "./printable.ts";

/** Describes an arrival in at least two lines for people: the outcome, then the message. */
export function inboxArrivalText(arrival: InboxArrival, count: number, paint: Paint): string {
  const { outcome, waiting, body } = arrival;
  const head = [
    countAndTime(arrival, count, paint),
    paint(outcome === "kept" ? "green" : outcome === "dropped" ? "yellow" : "red", outcomeText(arrival)),
    paint("dim", `${waiting} waiting`),
  ].join(" ");
  const text = textOfBytes(body) ?? `(${body.length} bytes, no text)`;
  const cut = text.length > shownCharsMax ? `… (${body.length} bytes in all)` : "";
  const shown = printableText(text.slice(0, shownCharsMax)) + cut;
  return [head, ...(shown === "" ? [] : [indented(shown)])].join("\n");
}

/** In this JSON the message is a string, so that the digits of its numbers do not change. */
export function inboxArrivalJson({ atMs, outcome, fault, waiting, request, body }: InboxArrival): string {
  const at = new Date(atMs).toISOString();
  return jsonLine({ type: "message", at, outcome, fault, waiting, request, ...bodyView(body) });
}

function outcomeText({ outcome, fault }: InboxArrival): string {
  if (outcome === "refused") return printableLine(`refused: ${fault}`);
  return outcome === "dropped" ? "dropped, since nobody polls" : "kept";
}
