/** What the examples use of their runtimes, whose own types would be in the way of Node's. */
declare const Bun: {
  serve(options: { port: number; hostname: string; fetch(request: Request): Promise<Response> }): unknown;
};
declare const Deno: {
  serve(options: { port: number; hostname: string }, handler: (request: Request) => Promise<Response>): unknown;
};
