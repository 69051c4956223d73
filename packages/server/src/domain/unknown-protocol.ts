import { RingbackError } from "./errors.ts";

/**
 * Throws `unknown_protocol` with a list of the existing protocols. `noun`: the word for the protocol in the message.
 */
export function unknownProtocol(
  field: string,
  noun: string,
  name: string,
  protocols: readonly { readonly name: string }[],
): never {
  const known = protocols.map((protocol) => protocol.name).join(", ");
  const shown = JSON.stringify(name.slice(0, 64));
  throw RingbackError.at("unknown_protocol", field, `there is no ${noun} ${shown}; it must be one of ${known}`);
}
