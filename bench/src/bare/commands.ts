/** The yardstick: POSTs in a loop, nothing else. */
export interface BareLoop {
  readonly origin: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  readonly concurrency: number;
  readonly durationMs: number;
  readonly postsMax: number;
}

export interface BareReport {
  readonly posts: number;
  readonly failed: number;
  readonly cpuUs: number;
  readonly wallMs: number;
}

export type BareCommands = {
  /** The loop as everybody would write it: `pool.request`, the reply's body consumed. */
  request(argument: BareLoop): Promise<BareReport>;
  /** The leanest that undici has: `pool.dispatch` with a handler that looks at the status alone. */
  dispatch(argument: BareLoop): Promise<BareReport>;
};
