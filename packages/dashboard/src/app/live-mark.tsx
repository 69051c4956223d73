import { useLiveState } from "../api/live.ts";
import { Status } from "../parts/status.tsx";
import { useNow } from "../parts/time.tsx";
import { useText } from "../language/text.ts";

/** Whether what happens on the server reaches this page. A screen without live parts has no stream and no mark. */
export function LiveMark() {
  const text = useText();
  const live = useLiveState();
  const nowMs = useNow(1_000);
  switch (live.state) {
    case "idle":
      return null;
    case "connecting":
      return <Status tone="plain">{text("live.connecting")}</Status>;
    case "open":
      return <Status tone="good">{text("live.open")}</Status>;
    case "reconnecting": {
      const seconds = Math.max(0, Math.ceil((live.retryAtMs - nowMs) / 1_000));
      return (
        <span role="status">
          <Status tone="warn">{text("live.reconnecting", { seconds })}</Status>
        </span>
      );
    }
  }
}
