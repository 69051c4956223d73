import type { Dispatcher } from "undici";
import type { Target } from "./commands.ts";

export type Done = (error: Error | null, status: number, body: string) => void;

/** Sends one request by the cheapest way that undici has, and reads the reply's text. `done` is called exactly once. */
export function oneRequest(pool: Dispatcher, target: Target, body: Uint8Array, done: Done): void {
  let status = 0;
  let text = "";
  pool.dispatch(
    {
      path: target.path,
      method: "POST",
      headers: target.headers,
      body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    },
    {
      onRequestStart() {},
      onResponseStart(_controller, statusCode) {
        status = statusCode;
      },
      onResponseData(_controller, chunk) {
        if (target.readIds) text += chunk.toString("latin1");
      },
      onResponseEnd() {
        done(null, status, text);
      },
      onResponseError(_controller, error) {
        done(error, 0, "");
      },
    },
  );
}
