import { UndecodableError, UntrustedError, pushProtocols } from "@ringback/sdk/protocols";
import type { IncomingMessage, IncomingRequest, PushProtocol, Trust, UntrustedReason } from "@ringback/sdk/protocols";

export interface Recognised {
  readonly protocol: PushProtocol;
  /** The parsed message; null: the signature is not verified. */
  readonly message: IncomingMessage | null;
  /** The reason why the signature was not accepted; null: it was accepted, or the dialect has no signatures. */
  readonly untrusted: UntrustedReason | null;
}

/**
 * Finds the first dialect that recognises the request, even if the signature is invalid. Returns null if no dialect
 * does.
 */
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
