/** The members of Bun and Deno that the examples use. The runtimes' own types would not fit beside Node's. */
declare const Bun: {
  serve(options: { port: number; hostname: string; fetch(request: Request): Promise<Response> }): unknown;
};
declare const Deno: {
  serve(options: { port: number; hostname: string }, handler: (request: Request) => Promise<Response>): unknown;
};
