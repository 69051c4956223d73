import { once } from "node:events";
import type { Server } from "node:http";
import { formatListenAddress } from "../config/listen-address.ts";
import type { ListenAddress } from "../config/listen-address.ts";
import { CommandError } from "./command-error.ts";

/** Starts to listen and returns the server's URL. Throws `CommandError`. */
export async function listen(server: Server, { host, port }: ListenAddress): Promise<string> {
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
