import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import type { HttpLimits } from "./http-limits.ts";
import { requestTooLarge } from "./http-server.ts";

/** Counts the bytes of all request bodies that are still arriving. */
export interface ArrivingBytes {
  held: number;
}

type Done = (error: Error | null, body?: Uint8Array) => void;

const nothing = new Uint8Array(0);

/**
 * Sets `request.body` to the bytes of the body, for every route of this scope and every content type. The routes parse
 * the bytes. A refused body is still read up to a limit, because many clients read the response only after they have
 * sent everything. At the limit the connection is closed.
 */
export function takeBodiesAsBytes(
  scope: FastifyInstance,
  bytesMax: number,
  arriving: ArrivingBytes,
  config: HttpLimits,
): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (request: FastifyRequest, payload: IncomingMessage, done: Done) => {
    if (request.is404) {
      // Node discards the body of this request after the response.
      done(null, nothing);
      return;
    }
    const refusal = refusalByHeaders(request, bytesMax);
    if (refusal !== null) discard(payload, 0, refusal);
    else read(payload);

    function read(payload: IncomingMessage): void {
      let first: Uint8Array | null = null;
      let chunks: Uint8Array[] | null = null;
      let size = 0;
      const stop = (): void => {
        arriving.held -= size;
        payload.off("data", onData).off("end", onEnd).off("error", onError);
      };
      const onData = (chunk: Uint8Array): void => {
        size += chunk.length;
        arriving.held += chunk.length;
        const error =
          size > bytesMax
            ? requestTooLarge(bytesMax)
            : arriving.held > config.requestBytesArrivingMax
              ? new RingbackError("overloaded", "Too many request bodies are arriving at once; try again shortly.")
              : null;
        if (error !== null) {
          stop();
          discard(payload, size, error);
        } else if (first === null) first = chunk;
        else (chunks ??= [first]).push(chunk);
      };
      const onEnd = (): void => {
        stop();
        done(null, chunks === null ? (first ?? nothing) : Buffer.concat(chunks, size));
      };
      const onError = (error: Error): void => {
        stop();
        done(error);
      };
      payload.on("data", onData).on("end", onEnd).on("error", onError);
    }

    function discard(payload: IncomingMessage, alreadyRead: number, error: RingbackError): void {
      let size = alreadyRead;
      const stop = (): void => {
        payload.off("data", onData).off("end", stop).off("error", stop);
        done(error);
      };
      const onData = (chunk: Uint8Array): void => {
        size += chunk.length;
        if (size > config.requestBytesDiscardedMax) stop();
      };
      payload.on("data", onData).on("end", stop).on("error", stop);
      if (Number(request.headers["content-length"]) > config.requestBytesDiscardedMax) stop();
    }
  });
}

function refusalByHeaders(request: FastifyRequest, bytesMax: number): RingbackError | null {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    return RingbackError.at("unsupported_media_type", "Content-Encoding", "must be absent: send the body uncompressed");
  }
  return Number(request.headers["content-length"]) > bytesMax ? requestTooLarge(bytesMax) : null;
}
