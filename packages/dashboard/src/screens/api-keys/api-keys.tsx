import { useState } from "react";
import type { components } from "@ringback/sdk/client";
import { Page } from "../../app/page.tsx";
import { useAction } from "../../api/action.ts";
import { useList } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time, useNow } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";
import { PortalLinksPanel } from "./portal-links-panel.tsx";
import { NewApiKey } from "./new-api-key.tsx";

type ApiKey = components["schemas"]["ApiKey"];

/** The keys with which programs and people use the API. */
export default function ApiKeys() {
  const text = useText();
  const nowMs = useNow(60_000);
  const { change: blocked } = useBlocks();
  const [isNew, setNew] = useState(false);
  const [revoked, setRevoked] = useState<ApiKey | null>(null);
  const list = useList("/v1/api-keys");
  const button = (
    <Button kind="primary" blocked={blocked} onClick={() => setNew(true)}>
      {text("apiKeys.new")}
    </Button>
  );
  return (
    <Page title={text("nav.apiKeys")} actions={button}>
      <Panel flush title={text("nav.apiKeys")}>
        <Table
          label={text("nav.apiKeys")}
          columns={columnsOf(text, nowMs, blocked, setRevoked)}
          rows={list.items}
          rowKey={({ id }) => id}
          error={list.error}
          retry={() => void list.refetch()}
          more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
          isReadingMore={list.isFetchingNextPage}
          empty={
            <Empty title={text("apiKeys.empty")} action={button}>
              {text("apiKeys.about")}
            </Empty>
          }
        />
      </Panel>
      <PortalLinksPanel />
      {isNew && <NewApiKey onClose={() => setNew(false)} />}
      {revoked !== null && <Revoke apiKey={revoked} onClose={() => setRevoked(null)} />}
    </Page>
  );
}

function columnsOf(
  text: Text,
  nowMs: number,
  blocked: string | undefined,
  revoke: (apiKey: ApiKey) => void,
): readonly Column<ApiKey>[] {
  return [
    { key: "name", title: text("common.name"), cell: ({ name }) => name },
    { key: "role", title: text("apiKeys.role"), width: "8rem", cell: ({ role }) => text.named("role", role) },
    {
      key: "topics",
      title: text("nav.topics"),
      phone: false,
      cell: ({ topics }) => topics?.join(", ") ?? text("common.all"),
    },
    {
      key: "expires",
      title: text("apiKeys.expiresAt"),
      width: "11rem",
      cell: ({ expiresAt }) => {
        if (expiresAt === null) return text("apiKeys.never");
        const isOver = Date.parse(expiresAt) <= nowMs;
        return isOver ? <Status tone="bad">{text("apiKeys.expired")}</Status> : <Time at={expiresAt} />;
      },
    },
    {
      key: "used",
      title: text("apiKeys.lastUsedAt"),
      phone: false,
      width: "10rem",
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? "–" : <Time at={lastUsedAt} relative />),
    },
    {
      key: "actions",
      title: <span className="sr-only">{text("common.actions")}</span>,
      align: "right",
      width: "7rem",
      cell: (apiKey) => (
        <Button kind="quiet" blocked={blocked} onClick={() => revoke(apiKey)}>
          {text("apiKeys.revoke")}
        </Button>
      ),
    },
  ];
}

function Revoke({ apiKey, onClose }: { readonly apiKey: ApiKey; readonly onClose: () => void }) {
  const text = useText();
  const { id, name } = apiKey;
  const remove = useAction({
    run: () => client().delete("/v1/api-keys/{id}", { params: { path: { id } } }),
    changes: ["/v1/api-keys"],
    done: () => text("apiKeys.revoked", { name }),
  });
  return (
    <Confirm
      open
      title={text("apiKeys.revokeTitle", { name })}
      verb={text("apiKeys.revoke")}
      busy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
    >
      {text("apiKeys.revokeHelp")}
    </Confirm>
  );
}
