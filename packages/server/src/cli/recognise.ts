import { UndecodableError, UntrustedError, pushProtocols } from "@ringback/sdk/protocols";
import type { IncomingMessage, IncomingRequest, PushProtocol, Trust } from "@ringback/sdk/protocols";

export interface Recognised {
  readonly protocol: PushProtocol;
  readonly message: IncomingMessage;
}

/** The first dialect that can read the request; null when none can. */
export async function recognise(
  request: IncomingRequest,
  trust: Trust,
  protocols: readonly PushProtocol[] = pushProtocols,
): Promise<Recognised | null> {
  for (const protocol of protocols) {
    try {
      return { protocol, message: await protocol.decode(request, trust) };
    } catch (error) {
      if (!(error instanceof UndecodableError || error instanceof UntrustedError)) throw error;
    }
  }
  return null;
}
