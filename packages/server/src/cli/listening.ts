import { once } from "node:events";
import type { Server } from "node:http";
import { formatListenAddress, type ListenAddress } from "../config/listen-address.ts";
import { CommandError } from "./command-error.ts";
import { stopSignal, type CommandContext } from "./context.ts";
import { createPaint, type Paint } from "./paint.ts";

interface Listening {
  readonly server: Server;
  readonly address: ListenAddress;
  /** The path of the URL that is shown. */
  readonly path?: string;
  readonly json: boolean;
  /** Returns a sentence for people about the purpose of the server at this URL. */
  readonly sentence: (url: string) => string;
}

/**
 * Shows the URL of a command's server, and runs the server until a stop signal comes. Requests that are running then
 * get no response.
 */
export async function serveUntilStopped(listening: Listening, context: CommandContext): Promise<void> {
  const { server, address, path = "", json, sentence } = listening;
  const stop = stopSignal(context);
  const url = (await listen(server, address)) + path;
  if (json) context.stdout.write(`${JSON.stringify({ type: "listening", url })}\n`);
  else context.stderr.write(`${sentence(url)}\n`);
  if (!stop.aborted) await once(stop, "abort");
  server.close();
  server.closeAllConnections();
}

/** Returns a function that prints an arrival as text, or as a JSON object on one line. */
export function arrivalPrinter<A>(
  context: CommandContext,
  toJson: ((arrival: A) => string) | null,
  toText: (arrival: A, count: number, paint: Paint) => string,
): (arrival: A) => void {
  const paint = createPaint(context, context.stdout);
  let count = 0;
  return (arrival) => {
    count += 1;
    context.stdout.write(`${toJson === null ? toText(arrival, count, paint) : toJson(arrival)}\n`);
  };
}

/** Starts to listen and returns the server's URL. Throws `CommandError`. */
async function listen(server: Server, { host, port }: ListenAddress): Promise<string> {
  const listening = once(server, "listening");
  server.listen(port, host);
  await listening.catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = reason.includes("EADDRINUSE")
      ? "another program listens there already; give another address with --listen"
      : reason;
    throw new CommandError(`cannot listen on ${formatListenAddress({ host, port })}: ${advice}`, { cause: error });
  });
  const bound = server.address();
  return `http://${formatListenAddress({ host, port: typeof bound === "object" && bound !== null ? bound.port : port })}`;
}
