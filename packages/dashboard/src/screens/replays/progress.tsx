import type { components } from "@ringback/sdk/client";
import { percent } from "../../format/numbers.ts";
import type { Tone } from "../../parts/status.tsx";
import { useText } from "../../language/text.ts";

export type Replay = components["schemas"]["Replay"];

export const replayTones: Readonly<Record<string, Tone>> = {
  running: "active",
  paused: "warn",
  done: "good",
  cancelled: "plain",
  failed: "bad",
};

/** The part of a replay that is sent or skipped. */
export function shareOf({ state, matched, sent, skipped }: Replay): number {
  if (state === "done") return 1;
  return matched === 0 ? 0 : Math.min(1, (sent + skipped) / matched);
}

export function Progress({ replay }: { readonly replay: Replay }) {
  const text = useText();
  const share = shareOf(replay);
  const shown = percent(share, text.language);
  return (
    <span className="flex items-center gap-2">
      <progress
        aria-label={text("replays.progress")}
        value={share}
        max={1}
        className={
          "h-2 w-full max-w-60 appearance-none overflow-hidden rounded-mark border-none bg-line " +
          "[&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-accent"
        }
      >
        {shown}
      </progress>
      <span className="w-14 text-right tabular-nums">{shown}</span>
    </span>
  );
}
