import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A proxy on a loopback address. `targets` lists what clients asked for, such as `127.0.0.1:443`. */
export interface TestProxy extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly targets: readonly string[];
}

const ignore = (): void => {};

/** Connects to the target of a client. Returns null if the proxy refuses the target. */
type Dial = (host: string, port: number) => Socket | null;
const dialTarget: Dial = (host, port) => connect(port, host);

/** An HTTP proxy that only supports CONNECT. `login`: `user:password` that clients must give. */
export async function startHttpProxy(login: string | null = null, dial: Dial = dialTarget): Promise<TestProxy> {
  const targets: string[] = [];
  const server = createHttpServer((_request, response) => response.writeHead(405).end());
  const sockets = new Set<Socket>();
  server.on("connect", (request, client: Socket) => {
    sockets.add(client);
    client.on("error", ignore);
    const given = Buffer.from(request.headers["proxy-authorization"]?.replace("Basic ", "") ?? "", "base64").toString();
    if (login !== null && given !== login) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const target = request.url ?? "";
    targets.push(target);
    const { hostname, port } = new URL(`http://${target}`);
    const remote = dial(hostname.replace(/^\[|\]$/g, ""), Number(port));
    if (remote === null) {
      client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    remote.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
      client.pipe(remote).pipe(client);
    });
    remote.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    client.on("close", () => remote.destroy());
  });
  return listening(server, `http://${userInfo(login)}`, targets, sockets);
}

const SUCCEEDED = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

/** A SOCKS5 proxy (RFC 1928, RFC 1929). It answers byte by byte. `login`: `user:password` that clients must give. */
export async function startSocksProxy(login: string | null = null, dial: Dial = dialTarget): Promise<TestProxy> {
  const targets: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on("error", ignore);
    void serve(client).catch(() => client.destroy());
  });

  async function serve(client: Socket): Promise<void> {
    const read = byteReader(client);
    const [, count = 0] = await read(2);
    const methods = await read(count);
    const method = login === null ? 0 : 2;
    if (!methods.includes(method)) return void client.end(Buffer.from([5, 255]));
    client.write(Buffer.from([5, method]));
    if (login !== null) {
      const [, nameLength = 0] = await read(2);
      const name = await read(nameLength);
      const [passwordLength = 0] = await read(1);
      const given = `${name.toString()}:${(await read(passwordLength)).toString()}`;
      client.write(Buffer.from([1, given === login ? 0 : 1]));
      if (given !== login) return void client.end();
    }
    const [, , , kind] = await read(4);
    if (kind === 3) throw new Error("a name was sent to the proxy");
    const address = await read(kind === 1 ? 4 : 16);
    const port = (await read(2)).readUInt16BE();
    const host = kind === 1 ? address.join(".") : (address.toString("hex").match(/.{4}/g) ?? []).join(":");
    targets.push(`${host}:${port}`);
    const remote = dial(host, port);
    if (remote === null) return void client.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]));
    remote.once("connect", () => {
      for (const byte of SUCCEEDED) client.write(Buffer.from([byte]));
      client.pipe(remote).pipe(client);
    });
    remote.on("error", () => client.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])));
    client.on("close", () => remote.destroy());
  }
  return listening(server, `socks5://${userInfo(login)}`, targets, sockets);
}

function userInfo(login: string | null): string {
  if (login === null) return "";
  const [, username = "", password = ""] = /^([^:]*):(.*)$/.exec(login) ?? [];
  return `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
}

function byteReader(socket: Socket): (count: number) => Promise<Buffer> {
  return async (count) => {
    if (count === 0) return Buffer.alloc(0);
    for (;;) {
      const bytes = socket.read(count) as Buffer | null;
      if (bytes !== null) return bytes;
      if (socket.readableEnded) throw new Error("the client ended the connection");
      await once(socket, "readable");
    }
  };
}

async function listening(
  server: Server,
  prefix: string,
  targets: readonly string[],
  sockets: ReadonlySet<Socket>,
): Promise<TestProxy> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `${prefix}127.0.0.1:${port}`,
    port,
    targets,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, "close");
    },
  };
}
