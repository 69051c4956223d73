import { isIP } from "node:net";

/** The proxy through which the server connects to endpoints. */
export interface EgressProxy {
  readonly kind: "http" | "socks5";
  /** True: TLS to the proxy itself. */
  readonly secure: boolean;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  /** null: no user name. */
  readonly login: { readonly username: string; readonly password: string } | null;
}

const schemes: Readonly<Record<string, Pick<EgressProxy, "kind" | "secure"> & { readonly port: number }>> = {
  "http:": { kind: "http", secure: false, port: 80 },
  "https:": { kind: "http", secure: true, port: 443 },
  "socks5:": { kind: "socks5", secure: false, port: 1080 },
};
/** RFC 1929 has one byte for each length. */
const loginBytesMax = 255;

/** Returns null if the text is not the URL of a proxy. */
export function parseEgressProxy(text: string): EgressProxy | null {
  const url = URL.parse(text);
  const scheme = url === null ? undefined : schemes[url.protocol];
  if (url === null || scheme === undefined || url.hostname === "" || url.port === "0") return null;
  if ((url.pathname !== "" && url.pathname !== "/") || url.search !== "" || url.hash !== "") return null;
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const login = loginOf(url);
  if (login === undefined) return null;
  // Only for http does URL parsing normalise the spelling of an address.
  if (isIP(hostname) === 0 && !/^[a-z\d_][a-z\d._-]*$/i.test(hostname)) return null;
  const { kind, secure, port } = scheme;
  return { kind, secure, hostname, port: Number(url.port) || port, login };
}

function loginOf({ username, password }: URL): EgressProxy["login"] | undefined {
  if (username === "" && password === "") return null;
  try {
    const login = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
    const lengths = [login.username, login.password].map((text) => Buffer.byteLength(text));
    return login.username === "" || lengths.some((bytes) => bytes > loginBytesMax) ? undefined : login;
  } catch {
    return undefined;
  }
}
