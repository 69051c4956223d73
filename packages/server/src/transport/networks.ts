/**
 * Networks that Ringback does not connect to. Sources: the IANA special-purpose address registries (RFC 6890 and its
 * updates), and the cloud providers' documentation for the metadata services.
 */

/** Allowed only when private networks are allowed. */
export const privateNetworks: readonly string[] = [
  "10.0.0.0/8", // RFC 1918
  "100.64.0.0/10", // carrier-grade NAT, RFC 6598
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local
  "172.16.0.0/12", // RFC 1918
  "192.168.0.0/16", // RFC 1918
  "198.18.0.0/15", // benchmarking, RFC 2544
  "::1/128", // loopback
  "fc00::/7", // unique local
  "fe80::/10", // link-local
  "fec0::/10", // site-local, deprecated by RFC 3879 but still routed by some
];

/**
 * Addresses of metadata services. Such a service returns a machine's credentials to any program that can send a
 * request. Denied even when private networks are allowed, unless the operator has listed the address in
 * `allowedAddresses`.
 */
export const metadataNetworks: readonly string[] = [
  "169.254.169.254/32", // most clouds
  "169.254.170.2/32", // AWS: containers
  "169.254.170.23/32", // AWS: pods
  "169.254.0.23/32", // Tencent Cloud
  "169.254.42.42/32", // Scaleway
  "100.100.100.200/32", // Alibaba Cloud
  "168.63.129.16/32", // Azure, in public space
  "fd00:ec2::254/128", // AWS
  "fd00:ec2::23/128", // AWS: pods
  "fd20:ce::254/128", // Google Cloud
  "fd00:42::42/128", // Scaleway
  "fd00:c1::a9fe:a9fe/128", // Oracle Cloud
  "fe80::a9fe:a9fe/128", // OpenStack
];

/**
 * Always denied. These addresses do not belong to one receiver, or are tunnels to an unknown address. IPv6 outside
 * 2000::/3 is denied too.
 */
export const refusedNetworks: readonly string[] = [
  "0.0.0.0/8", // "this network"; 0.0.0.0 reaches the machine itself
  "192.0.0.0/24", // IETF protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays, deprecated
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and broadcast
  "2001::/23", // IETF protocol assignments: Teredo, benchmarking, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4: an IPv4 address inside
  "3fff::/20", // documentation
];
