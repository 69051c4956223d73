import { UndecodableError, UntrustedError, pushProtocols } from "@ringback/sdk/protocols";
import type { IncomingMessage, IncomingRequest, PushProtocol, Trust, UntrustedReason } from "@ringback/sdk/protocols";

export interface Recognised {
  readonly protocol: PushProtocol;
  /** null: the signature was not verified. */
  readonly message: IncomingMessage | null;
  /** Why the signature was not verified; null: it was, or the dialect has no signature. */
  readonly untrusted: UntrustedReason | null;
}

/** The first dialect that recognises the request, whether or not its signature is valid; null: none. */
export async function recognise(
  request: IncomingRequest,
  trust: Trust,
  protocols: readonly PushProtocol[] = pushProtocols,
): Promise<Recognised | null> {
  for (const protocol of protocols) {
    try {
      return { protocol, message: await protocol.decode(request, trust), untrusted: null };
    } catch (error) {
      if (error instanceof UntrustedError) return { protocol, message: null, untrusted: error.reason };
      if (!(error instanceof UndecodableError)) throw error;
    }
  }
  return null;
}
