import { RingbackError } from "../../domain/errors.ts";

export type WechatRequest = Readonly<Record<string, unknown>>;

/**
 * Accepts a number or its digits as a string, because the original API's documentation uses both. Throws
 * `invalid_request`.
 */
export function integerOf(request: WechatRequest, name: string): number {
  const value = Object.hasOwn(request, name) ? request[name] : undefined;
  if (value === undefined || value === null || value === "") {
    throw RingbackError.at("invalid_request", name, "must be given, as a whole number");
  }
  const number = typeof value === "string" && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) {
    throw RingbackError.at("invalid_request", name, "must be a whole number");
  }
  return number;
}
