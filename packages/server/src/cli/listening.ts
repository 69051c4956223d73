import { once } from "node:events";
import type { Server } from "node:http";
import { formatListenAddress } from "../config/listen-address.ts";
import type { ListenAddress } from "../config/listen-address.ts";
import { CommandError } from "./command-error.ts";

/** Resolves with the server's URL when it listens. Throws `CommandError`. */
export async function listen(server: Server, { host, port }: ListenAddress): Promise<string> {
  const listening = once(server, "listening");
  server.listen(port, host);
  await listening.catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = reason.includes("EADDRINUSE")
      ? "something listens there already; give --listen another address"
      : reason;
    throw new CommandError(`cannot listen on ${formatListenAddress({ host, port })}: ${hint}`, { cause: error });
  });
  const bound = server.address();
  return `http://${formatListenAddress({ host, port: typeof bound === "object" && bound !== null ? bound.port : port })}`;
}
