import { useQuery } from "@tanstack/react-query";
import { createClient, type components } from "@ringback/sdk/client";
import { isPassing } from "./queries.ts";

export const brandingKey = "branding";
export type Branding = components["schemas"]["PortalBranding"];

/** Name, logo and colours of the customer whose portal link it is. They need no token, so an expired link has them. */
export function useBranding(link: string | null) {
  return useQuery({
    queryKey: [brandingKey, link],
    queryFn: ({ signal }) =>
      createClient({ url: location.origin, retriesMax: 0 }).get("/v1/portal-links/{id}/branding", {
        params: { path: { id: link ?? "" } },
        signal,
      }),
    enabled: link !== null,
    staleTime: Infinity,
    retry: (failures, error) => failures < 2 && isPassing(error),
  });
}
