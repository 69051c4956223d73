import { useState } from "react";
import type { components } from "@ringback/sdk/client";
import { useAction } from "../../api/action.ts";
import { useList } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { client, useSignedIn } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time, useNow } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";
import { PortalLinkDialog } from "../accounts/portal-link-dialog.tsx";

type PortalLink = components["schemas"]["PortalLink"];

/** The links that open a customer's own page. */
export function PortalLinksPanel() {
  const text = useText();
  const nowMs = useNow(60_000);
  const { account } = useSignedIn();
  const { change: blocked } = useBlocks();
  const [isNew, setNew] = useState(false);
  const [revoked, setRevoked] = useState<PortalLink | null>(null);
  const list = useList("/v1/portal-links");
  const button = (
    <Button blocked={blocked} onClick={() => setNew(true)}>
      {text("portalLink.new")}
    </Button>
  );
  return (
    <Panel flush title={text("portalLink.list")} actions={button}>
      <Table
        label={text("portalLink.list")}
        columns={columnsOf(text, nowMs, blocked, setRevoked)}
        rows={list.items}
        rowKey={({ id }) => id}
        error={list.error}
        retry={() => void list.refetch()}
        more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
        isReadingMore={list.isFetchingNextPage}
        empty={<Empty title={text("portalLink.empty")}>{text("portalLink.about")}</Empty>}
      />
      {isNew && <PortalLinkDialog account={account} onClose={() => setNew(false)} />}
      {revoked !== null && <Revoke link={revoked} onClose={() => setRevoked(null)} />}
    </Panel>
  );
}

function columnsOf(
  text: Text,
  nowMs: number,
  blocked: string | undefined,
  revoke: (link: PortalLink) => void,
): readonly Column<PortalLink>[] {
  return [
    { key: "name", title: text("portalLink.for"), cell: (link) => nameOf(link) },
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
      cell: ({ expiresAt }) =>
        Date.parse(expiresAt) <= nowMs ? (
          <Status tone="plain">{text("apiKeys.expired")}</Status>
        ) : (
          <Time at={expiresAt} />
        ),
    },
    {
      key: "actions",
      title: <span className="sr-only">{text("common.actions")}</span>,
      align: "right",
      width: "7rem",
      cell: (link) => (
        <Button kind="quiet" blocked={blocked} onClick={() => revoke(link)}>
          {text("apiKeys.revoke")}
        </Button>
      ),
    },
  ];
}

/** A link need not have a name. */
function nameOf({ name, id }: PortalLink): string {
  return name === "" ? id : name;
}

function Revoke({ link, onClose }: { readonly link: PortalLink; readonly onClose: () => void }) {
  const text = useText();
  const name = nameOf(link);
  const remove = useAction({
    run: () => client().delete("/v1/portal-links/{id}", { params: { path: { id: link.id } } }),
    changes: ["/v1/portal-links"],
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
      {text("portalLink.revokeHelp")}
    </Confirm>
  );
}
