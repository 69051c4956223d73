/** Where messages go over bare TCP: `tcp://host:port`, with `?byteOrder=little` where the length is written so. */

export type ByteOrder = "big" | "little";

export interface TcpAddress {
  /** As browsers read it; an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
  readonly byteOrder: ByteOrder;
}

const queries: ReadonlyMap<string, ByteOrder> = new Map([
  ["", "big"],
  ["?byteOrder=big", "big"],
  ["?byteOrder=little", "little"],
]);

/** What the URL says, or what is wrong with it, as the rest of a sentence. */
export function readTcpUrl(text: string): TcpAddress | string {
  if (!/^tcp:\/\//i.test(text)) return "must begin with tcp://";
  // Read as an http URL, every spelling of an IPv4 address comes out in one form, which no reader does for tcp. A port
  // that is http's own would be lost, and is not https's.
  const url = URL.parse(`http${text.slice(3)}`);
  const port = url?.port || URL.parse(`https${text.slice(3)}`)?.port;
  if (url === null) return "is not a valid URL";
  if (url.username !== "" || url.password !== "") {
    return "must not hold a user name or password: TCP has no place for them";
  }
  if (text.includes("#")) return "must not have a fragment (the part from # on): it would never be sent";
  if (url.pathname !== "/") return "must not have a path: a tcp URL has the form tcp://host:port";
  if (port === undefined || port === "") return "must name a port: a tcp URL has the form tcp://host:port";
  if (port === "0") return "must not have port 0";
  const byteOrder = queries.get(url.search);
  if (byteOrder === undefined) return "must have no query but ?byteOrder=big or ?byteOrder=little";
  return { host: url.hostname, port: Number(port), byteOrder };
}

/** `big` is what a URL means that does not say. */
export function tcpUrl({ host, port, byteOrder }: TcpAddress): string {
  return `tcp://${host}:${port}${byteOrder === "big" ? "" : `?byteOrder=${byteOrder}`}`;
}
