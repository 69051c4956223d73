import type { Verdict } from "./protocol.ts";

const accepted: Verdict = Object.freeze({ kind: "accepted" });
const redirect: Verdict = Object.freeze({ kind: "failed", code: "redirect" });
const httpStatus: Verdict = Object.freeze({ kind: "failed", code: "http_status" });

/** The rule of dialects that look at the status alone: 2xx is success. A redirect is never followed, so it failed. */
export function verdictOfStatus(status: number): Verdict {
  if (status >= 200 && status < 300) return accepted;
  if (status >= 300 && status < 400) return redirect;
  return httpStatus;
}
