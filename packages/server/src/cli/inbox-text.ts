import type { Paint } from "./paint.ts";
import type { InboxArrival } from "./inbox-server.ts";
import { printableLine, printableText, textOfBytes } from "./printable.ts";

/** The text output shows the beginning of a long message; --json shows all of it. */
const shownCharsMax = 4096;

/** At least two lines for people: the outcome, and the message. */
export function inboxArrivalText(arrival: InboxArrival, count: number, paint: Paint): string {
  const { atMs, outcome, waiting, body } = arrival;
  const head = [
    paint("dim", `#${count} ${new Date(atMs).toLocaleTimeString("en-GB")}`),
    paint(outcome === "kept" ? "green" : outcome === "dropped" ? "yellow" : "red", outcomeText(arrival)),
    paint("dim", `${waiting} waiting`),
  ].join(" ");
  const text = textOfBytes(body) ?? `(${body.length} bytes, no text)`;
  const cut = text.length > shownCharsMax ? `… (${body.length} bytes in all)` : "";
  const shown = printableText(text.slice(0, shownCharsMax)) + cut;
  return [head, ...(shown === "" ? [] : [shown.replaceAll(/^/gm, "  ")])].join("\n");
}

/** The message is a string, so that its numbers stay as they were written. */
export function inboxArrivalJson({ atMs, outcome, fault, waiting, body }: InboxArrival): string {
  const text = textOfBytes(body);
  const content = text === null ? { bodyBase64: Buffer.from(body).toString("base64") } : { body: text };
  return JSON.stringify({ type: "message", at: new Date(atMs).toISOString(), outcome, fault, waiting, ...content });
}

function outcomeText({ outcome, fault }: InboxArrival): string {
  if (outcome === "refused") return printableLine(`refused: ${fault}`);
  return outcome === "dropped" ? "dropped, since nobody polls" : "kept";
}
