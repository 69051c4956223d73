import { useState } from "react";
import type { components } from "@ringback/sdk/client";
import { Page } from "../../app/page.tsx";
import { useList } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";
import { DeleteKey } from "./delete-key.tsx";
import { KeyDialog } from "./key-dialog.tsx";

export type Key = components["schemas"]["Key"];

type Open = { readonly kind: "new" } | { readonly kind: "rotate" | "delete"; readonly key: Key };

/** Signing and encryption keys. Secrets are shown once, when they are made. */
export default function Keys() {
  const text = useText();
  const { change: blocked } = useBlocks();
  const [open, setOpen] = useState<Open | null>(null);
  const list = useList("/v1/keys");
  const close = (): void => setOpen(null);
  const button = (
    <Button kind="primary" blocked={blocked} onClick={() => setOpen({ kind: "new" })}>
      {text("keys.new")}
    </Button>
  );
  return (
    <Page title={text("nav.keys")} actions={button}>
      <Panel flush title={text("nav.keys")}>
        <Table
          label={text("nav.keys")}
          columns={columnsOf(text, blocked, setOpen)}
          rows={list.items}
          rowKey={({ kid }) => kid}
          error={list.error}
          retry={() => void list.refetch()}
          more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
          isReadingMore={list.isFetchingNextPage}
          empty={
            <Empty title={text("keys.empty")} action={button}>
              {text("keys.about")}
            </Empty>
          }
        />
      </Panel>
      {open?.kind === "new" && <KeyDialog replaced={null} onClose={close} />}
      {open?.kind === "rotate" && <KeyDialog replaced={open.key} onClose={close} />}
      {open?.kind === "delete" && <DeleteKey kid={open.key.kid} onClose={close} />}
    </Page>
  );
}

function columnsOf(text: Text, blocked: string | undefined, open: (what: Open) => void): readonly Column<Key>[] {
  return [
    { key: "kid", title: text("common.name"), cell: ({ kid }) => kid },
    {
      key: "type",
      title: text("keys.type"),
      cell: ({ kty, crv, bits }) =>
        [kty, crv, text("keys.bits", { n: bits })].filter((part) => part !== null).join(" · "),
    },
    {
      key: "state",
      title: text("common.state"),
      cell: ({ usable, previousUntil }) =>
        usable ? (
          <Status tone="good">{text(previousUntil.length > 0 ? "keys.overlapping" : "keys.usable")}</Status>
        ) : (
          <Status tone="bad">{text("keys.unusable")}</Status>
        ),
    },
    {
      key: "changed",
      title: text("common.updatedAt"),
      phone: false,
      width: "9rem",
      cell: ({ updatedAt }) => <Time at={updatedAt} relative />,
    },
    {
      key: "actions",
      title: <span className="sr-only">{text("common.actions")}</span>,
      align: "right",
      width: "12rem",
      cell: (key) => (
        <>
          <Button kind="quiet" blocked={blocked} onClick={() => open({ kind: "rotate", key })}>
            {text("keys.rotate")}
          </Button>
          <Button kind="quiet" blocked={blocked} onClick={() => open({ kind: "delete", key })}>
            {text("common.delete")}
          </Button>
        </>
      ),
    },
  ];
}
