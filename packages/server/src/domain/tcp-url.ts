/** Endpoints over plain TCP: `tcp://host:port`. `?byteOrder=little` selects the byte order of the length prefix. */

export type ByteOrder = "big" | "little";

export interface TcpAddress {
  /** Normalised like the host of an http URL. An IPv6 address is in brackets. */
  readonly host: string;
  readonly port: number;
  readonly byteOrder: ByteOrder;
}

const queries: ReadonlyMap<string, ByteOrder> = new Map([
  ["", "big"],
  ["?byteOrder=big", "big"],
  ["?byteOrder=little", "little"],
]);

/** Returns the address, or the fault as the end of a sentence that begins with the field's name. */
export function readTcpUrl(text: string): TcpAddress | string {
  if (!/^tcp:\/\//i.test(text)) return "must begin with tcp://";
  // Parsing as an http URL normalises every spelling of an IPv4 address; parsers do not do that for tcp URLs. An http
  // URL drops port 80, so the port is then read as https.
  const url = URL.parse(`http${text.slice(3)}`);
  const port = url?.port || URL.parse(`https${text.slice(3)}`)?.port;
  if (url === null) return "is not a valid URL";
  if (url.username !== "" || url.password !== "") {
    return "must not contain a user name or password: TCP cannot carry them";
  }
  if (text.includes("#")) return "must not have a fragment (the part from # on), because it would never be sent";
  if (url.pathname !== "/") return "must not have a path: a tcp URL has the form tcp://host:port";
  if (port === undefined || port === "") return "must name a port: a tcp URL has the form tcp://host:port";
  if (port === "0") return "must not have port 0";
  const byteOrder = queries.get(url.search);
  if (byteOrder === undefined) return "must have no query other than ?byteOrder=big or ?byteOrder=little";
  return { host: url.hostname, port: Number(port), byteOrder };
}

/** Writes the URL without `byteOrder=big`, which is the default. */
export function tcpUrl({ host, port, byteOrder }: TcpAddress): string {
  return `tcp://${host}:${port}${byteOrder === "big" ? "" : `?byteOrder=${byteOrder}`}`;
}
