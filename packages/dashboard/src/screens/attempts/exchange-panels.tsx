import { useText } from "../../language/text.ts";
import { Body, Headers, type Header } from "../../parts/code.tsx";
import { Panel } from "../../parts/panel.tsx";
import type { Exchange } from "./use-attempt.ts";

/** The request as it was sent, without secrets. */
export function RequestPanel({ request }: { readonly request: Exchange["request"] }) {
  const text = useText();
  const { method, url, headers, truncated } = request;
  return (
    <Panel title={text("attempt.request")}>
      <div className="flex flex-col gap-3">
        <p className="font-mono text-small break-all">{method === null ? url : `${method} ${url}`}</p>
        {headers.length > 0 && <Headers headers={headers} label={text("attempt.requestHeaders")} />}
        <Body
          given={request}
          contentType={headerOf(headers, "content-type")}
          label={text("test.requestBody")}
          truncated={truncated}
        />
      </div>
    </Panel>
  );
}

/** The reply as it came. */
export function ReplyPanel({ reply }: { readonly reply: Exchange["reply"] }) {
  const text = useText();
  if (reply === null) {
    return (
      <Panel title={text("attempts.reply")}>
        <p className="text-muted">{text("test.noReply")}</p>
      </Panel>
    );
  }
  const { status, headers, truncated } = reply;
  return (
    <Panel title={text("test.reply", { status: String(status) })}>
      <div className="flex flex-col gap-3">
        {headers.length > 0 && <Headers headers={headers} label={text("attempt.replyHeaders")} />}
        <Body
          given={reply}
          contentType={headerOf(headers, "content-type")}
          label={text("test.replyBody")}
          truncated={truncated}
        />
      </div>
    </Panel>
  );
}

export function headerOf(headers: readonly Header[], name: string): string | null {
  return headers.find((header) => header.name.toLowerCase() === name)?.value ?? null;
}
