import type { Settings } from "../../forms/values.ts";

interface GivenEndpoint {
  readonly url: string;
  /** Empty: all types. */
  readonly types: readonly string[];
  readonly description: string;
}

/** The settings of a subscription that a customer's endpoint is. */
export function endpointSettings({ url, types, description }: GivenEndpoint): Settings {
  return {
    push: { url, protocol: "standard-webhooks" },
    ...(types.length > 0 && { filter: { types } }),
    ...(description !== "" && { description }),
  };
}

const hostCharsMax = 40;
const randomChars = 6;

/** A name for the endpoint, such as `api-example-com-3f9a1c`: its host, and something random. */
export function endpointName(url: string, random: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  const words = host.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const readable = words.join("-").slice(0, hostCharsMax).replace(/-$/, "");
  return `${readable === "" ? "endpoint" : readable}-${random.replaceAll("-", "").slice(0, randomChars)}`;
}
