import { Link, useLocation } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to, useQueryValue, withQuery } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useList } from "../../api/queries.ts";
import { NewResource } from "../../forms/new-resource.tsx";
import { Button, LinkButton } from "../../parts/button.tsx";
import { Field, Input } from "../../parts/field.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";
import { Labels } from "../topics/labels.tsx";
import { SwitchAccount } from "./switch-account.tsx";

type Account = components["schemas"]["Account"];

export default function Accounts() {
  const [isNew] = useQueryValue("new");
  return isNew === "" ? <AccountList /> : <NewAccount />;
}

function NewAccount() {
  const text = useText();
  const [, navigate] = useLocation();
  return (
    <Page title={text("accounts.new")} above={[[text("nav.accounts"), to.accounts]]}>
      <NewResource
        shape="AccountSettings"
        path="/v1/accounts/{account}"
        nameParam="account"
        title={text("accounts.settings")}
        onCreated={(name) => navigate(to.account(name))}
      />
    </Page>
  );
}

function AccountList() {
  const text = useText();
  const [label, setLabel] = useQueryValue("label");
  const list = useList("/v1/accounts", { params: { query: label === "" ? {} : { label } } });
  return (
    <Page
      title={text("nav.accounts")}
      actions={
        <LinkButton kind="primary" href={withQuery(to.accounts, { new: "1" })}>
          {text("accounts.new")}
        </LinkButton>
      }
    >
      <div className="sm:max-w-sm">
        <Field label={text("common.label")}>
          <Input
            type="search"
            placeholder="plan=gold"
            value={label}
            onChange={({ target }) => setLabel(target.value.trim())}
          />
        </Field>
      </div>
      <Panel flush title={text("nav.accounts")}>
        <Table
          label={text("nav.accounts")}
          columns={columnsOf(text)}
          rows={list.items}
          rowKey={({ name }) => name}
          error={list.error}
          retry={() => void list.refetch()}
          more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
          isReadingMore={list.isFetchingNextPage}
          empty={
            <Empty
              title={text("accounts.noneFound")}
              action={<Button onClick={() => setLabel("")}>{text("common.clearFilters")}</Button>}
            />
          }
        />
      </Panel>
    </Page>
  );
}

function columnsOf(text: Text): readonly Column<Account>[] {
  return [
    {
      key: "name",
      title: text("common.name"),
      cell: ({ name }) => (
        <Link href={to.account(name)} className="font-medium hover:underline">
          {name}
        </Link>
      ),
    },
    { key: "state", title: text("common.state"), phone: false, cell: ({ state }) => <AccountState state={state} /> },
    { key: "description", title: text("common.description"), phone: false, cell: ({ description }) => description },
    { key: "labels", title: text("common.labels"), phone: false, cell: ({ labels }) => <Labels labels={labels} /> },
    {
      key: "appId",
      title: text("label.appId"),
      align: "right",
      phone: false,
      cell: ({ appId }) => (appId === null ? "–" : String(appId)),
    },
    {
      key: "created",
      title: text("common.createdAt"),
      width: "9rem",
      phone: false,
      cell: ({ createdAt }) => <Time at={createdAt} relative />,
    },
    {
      key: "switch",
      title: <span className="sr-only">{text("common.actions")}</span>,
      width: "8rem",
      cell: ({ name, state }) => (state === "active" ? <SwitchAccount account={name} kind="quiet" /> : null),
    },
  ];
}

export function AccountState({ state }: Pick<Account, "state">) {
  const text = useText();
  return <Status tone={state === "active" ? "good" : "warn"}>{text(`accountState.${state}`)}</Status>;
}
