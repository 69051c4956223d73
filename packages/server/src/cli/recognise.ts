import { UndecodableError, pushProtocols } from "@ringback/sdk/protocols";
import type { IncomingMessage, IncomingRequest, PushProtocol } from "@ringback/sdk/protocols";

export interface Recognised {
  readonly protocol: PushProtocol;
  readonly message: IncomingMessage;
}

/** The first dialect that can read the request; null when none can. */
export function recognise(
  request: IncomingRequest,
  protocols: readonly PushProtocol[] = pushProtocols,
): Recognised | null {
  for (const protocol of protocols) {
    try {
      return { protocol, message: protocol.decode(request) };
    } catch (error) {
      if (!(error instanceof UndecodableError)) throw error;
    }
  }
  return null;
}
