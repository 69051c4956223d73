import { useState } from "react";
import { useLocation, useParams } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to, useQueryValue, withQuery } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useAction } from "../../api/action.ts";
import { useRead } from "../../api/queries.ts";
import { client } from "../../api/session.ts";
import { EditResource } from "../../forms/edit-resource.tsx";
import { shownValue, unitText } from "../../forms/sentences.ts";
import { Button, LinkButton } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Loading, Notice, ProblemNotice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Time } from "../../parts/time.tsx";
import { useText } from "../../language/text.ts";
import { Labels } from "../topics/labels.tsx";
import { AccountState } from "./accounts.tsx";
import { BrandingFacts } from "./branding-facts.tsx";
import { PortalLinkDialog } from "./portal-link-dialog.tsx";
import { SwitchAccount } from "./switch-account.tsx";

type Account = components["schemas"]["Account"];

const deletionEveryMs = 2_000;

export default function AccountScreen() {
  const { account = "" } = useParams();
  const [isEdit] = useQueryValue("edit");
  return isEdit === "" ? <ShownAccount account={account} /> : <EditedAccount account={account} />;
}

function EditedAccount({ account }: { readonly account: string }) {
  const text = useText();
  const [, navigate] = useLocation();
  return (
    <Page
      title={text("accounts.editTitle", { account })}
      above={[
        [text("nav.accounts"), to.accounts],
        [account, to.account(account)],
      ]}
    >
      <EditResource
        shape="AccountSettings"
        path="/v1/accounts/{account}"
        params={{ account }}
        title={text("accounts.settings")}
        onSaved={() => navigate(to.account(account))}
      />
    </Page>
  );
}

function ShownAccount({ account }: { readonly account: string }) {
  const text = useText();
  const [dialog, setDialog] = useState<"delete" | "link" | null>(null);
  const { data, error, refetch } = useRead(
    "/v1/accounts/{account}",
    { params: { path: { account } } },
    { everyMs: deletionEveryMs },
  );
  const above = [[text("nav.accounts"), to.accounts]] as const;
  if (data === undefined) {
    return (
      <Page title={account} above={above}>
        {error === null ? <Loading lines={8} /> : <ProblemNotice error={error} retry={() => void refetch()} />}
      </Page>
    );
  }
  const actions = (
    <>
      <SwitchAccount account={account} />
      <LinkButton href={withQuery(to.account(account), { edit: "1" })}>{text("common.edit")}</LinkButton>
      <Button onClick={() => setDialog("link")}>{text("accounts.portalLink")}</Button>
      <Button kind="danger" onClick={() => setDialog("delete")}>
        {text("common.delete")}
      </Button>
    </>
  );
  return (
    <Page
      title={account}
      note={<AccountState state={data.state} />}
      above={above}
      actions={data.state === "active" ? actions : undefined}
    >
      {data.deletion !== null && (
        <Notice tone="warn" title={text("accounts.deletingTitle")}>
          {text("accounts.deleting", { topics: data.deletion.topicsLeft, entries: data.deletion.entriesLeft })}
        </Notice>
      )}
      <AccountFacts account={data} />
      <LimitFacts limits={data.limits} />
      <BrandingFacts branding={data.portal} />
      {dialog === "link" && <PortalLinkDialog account={account} onClose={() => setDialog(null)} />}
      {dialog === "delete" && <DeleteAccount account={account} onClose={() => setDialog(null)} />}
    </Page>
  );
}

function AccountFacts({ account }: { readonly account: Account }) {
  const text = useText();
  const { description, labels, appId, createdAt, updatedAt } = account;
  return (
    <Panel title={text("accounts.settings")}>
      <Facts
        facts={[
          [text("common.description"), description === "" ? undefined : description],
          [text("label.appId"), appId === null ? text("common.none") : String(appId)],
          [
            text("common.labels"),
            Object.keys(labels).length === 0 ? undefined : <Labels key="labels" labels={labels} />,
          ],
          [text("common.createdAt"), <Time key="created" at={createdAt} />],
          [text("common.updatedAt"), <Time key="updated" at={updatedAt} />],
        ]}
      />
    </Panel>
  );
}

function LimitFacts({ limits }: Pick<Account, "limits">) {
  const text = useText();
  const facts = Object.entries(limits).map(([name, value]): readonly [string, string] => [
    text.named("label", name),
    value === null ? text("accounts.serverLimit") : (unitText(name, value, text) ?? shownValue(name, value, text)),
  ]);
  return (
    <Panel title={text("label.limits")}>
      <Facts facts={facts} />
    </Panel>
  );
}

interface DeleteAccountProps {
  readonly account: string;
  readonly onClose: () => void;
}

function DeleteAccount({ account, onClose }: DeleteAccountProps) {
  const text = useText();
  const [, navigate] = useLocation();
  const { mutate, isPending, error } = useAction({
    run: () => client().delete("/v1/accounts/{account}", { params: { path: { account } } }),
    changes: ["/v1/accounts", "/v1/accounts/{account}"],
    done: () => text("accounts.deletionBegun", { account }),
  });
  return (
    <Confirm
      open
      title={text("accounts.deleteTitle", { account })}
      verb={text("common.delete")}
      typedName={account}
      onClose={onClose}
      busy={isPending}
      error={error}
      onConfirm={() => mutate(undefined, { onSuccess: () => navigate(to.accounts) })}
    >
      {text("accounts.deleteWhat")}
    </Confirm>
  );
}
