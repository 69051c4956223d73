/**
 * undici writes its own lines of a request head in lower case, with `connection: keep-alive` always and the length last.
 * CMQ's documents print another form, and receivers exist that were written by looking at it: `Host` and `Content-Length`
 * first, in capitals, and a `Connection` line only to say `close`. All POSTs go out in that form. Anything else that is
 * written to the socket passes as it is.
 */
export function arrangeHead(head: string): string {
  const requestLineEnd = head.indexOf("\r\n");
  if (!head.startsWith("host: ", requestLineEnd + 2)) return head;
  const hostEnd = head.indexOf("\r\n", requestLineEnd + 2);
  const isClose = head.startsWith("connection: close\r\n", hostEnd + 2);
  if (!isClose && !head.startsWith("connection: keep-alive\r\n", hostEnd + 2)) return head;
  const connectionEnd = head.indexOf("\r\n", hostEnd + 2);
  const lengthStart = head.lastIndexOf("\r\ncontent-length: ");
  if (lengthStart < connectionEnd || !head.endsWith("\r\n\r\n")) return head;
  return (
    head.slice(0, requestLineEnd) +
    "\r\nHost: " +
    head.slice(requestLineEnd + 8, hostEnd) +
    "\r\nContent-Length: " +
    head.slice(lengthStart + 18, -4) +
    (isClose ? "\r\nConnection: close" : "") +
    head.slice(connectionEnd, lengthStart) +
    "\r\n\r\n"
  );
}
