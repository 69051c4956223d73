import { readFileSync, existsSync } from "node:fs";
import { request } from "node:http";
import { extname, join } from "node:path";
import { listening } from "../../server/test/harness/listening.ts";

const dist = join(import.meta.dirname, "../dist");
const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the built page in front of a server that does not serve it. */
export function startFront(serverUrl: string) {
  return listening((incoming, response): unknown => {
    const { pathname } = new URL(incoming.url ?? "/", serverUrl);
    const isPage = pathname === "/" || pathname.startsWith("/ui/");
    if (isPage || pathname.startsWith("/assets/")) {
      const file = join(dist, isPage ? "index.html" : pathname);
      if (!existsSync(file)) return response.writeHead(404).end();
      const type = types[extname(file)] ?? "text/html";
      return response
        .writeHead(200, { "content-type": type, "content-security-policy": policy })
        .end(readFileSync(file));
    }
    const headers = { ...incoming.headers, host: new URL(serverUrl).host };
    delete headers.origin;
    const sent = request(serverUrl + incoming.url, { method: incoming.method, headers }, (answer): unknown => {
      if (pathname === "/v1/session" && answer.statusCode === 404) {
        const open = { account: "default", role: "operator", name: null, topics: null, expiresAt: null, via: "open" };
        return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(open));
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      return answer.pipe(response);
    });
    sent.on("error", () => response.destroy());
    response.on("close", () => sent.destroy());
    return incoming.pipe(sent);
  });
}
