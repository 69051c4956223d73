const acceptsEncodings = /\r\naccept-encoding:/i;

/**
 * Rewrites the head of a POST as undici writes it. undici uses lower case, always adds `connection: keep-alive`, and
 * puts the length last. Some receivers expect the form of older clients: `Host` and `Content-Length` first and with
 * capital letters, and `Connection` only for `close`. Other text is returned unchanged.
 *
 * Adds `Accept-Encoding: identity`, unless `isFixed` is true or the head has that header. Without the header, RFC 9110
 * section 12.5.3 lets the receiver compress its reply as it likes.
 */
export function arrangeHead(head: string, isFixed = false): string {
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
    (isFixed || acceptsEncodings.test(head) ? "" : "\r\nAccept-Encoding: identity") +
    head.slice(connectionEnd, lengthStart) +
    "\r\n\r\n"
  );
}
