import type { ReactNode } from "react";
import { useLocation } from "wouter";
import type { ListItem, ListPath } from "@ringback/sdk/client";
import { useQueryValue, withQuery } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useList } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { useSignedIn } from "../../api/session.ts";
import { NewResource } from "../../forms/new-resource.tsx";
import type { Settings } from "../../forms/values.ts";
import { LinkButton } from "../../parts/button.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { useText } from "../../language/text.ts";

/** A kind of resource that people create by name, with its list and its form. */
export interface ResourceKind<P extends ListPath> {
  readonly listPath: P;
  /** As in the API's description, such as `/v1/inboxes/{inbox}`. */
  readonly itemPath: string;
  readonly nameParam: string;
  /** The shape of its settings, such as `InboxSettings`. */
  readonly shape: string;
  /** Titles of the list, of the form, and of the button that opens it. */
  readonly title: string;
  readonly newTitle: string;
  readonly emptyTitle: string;
  readonly about: ReactNode;
  readonly listAddress: string;
  readonly address: (name: string) => string;
  readonly initial?: Settings;
}

interface ResourceListProps<P extends ListPath> {
  readonly kind: ResourceKind<P>;
  readonly columns: readonly Column<ListItem<P>>[];
  readonly nameOf: (item: ListItem<P>) => string;
  readonly actions?: ReactNode;
}

/** The list of a kind of resource; with `?new=1` in the address the form for a new one. */
export function ResourceList<P extends ListPath>(props: ResourceListProps<P>) {
  const [isNew] = useQueryValue("new");
  return isNew === "" ? <Listed {...props} /> : <New kind={props.kind} />;
}

function New<P extends ListPath>({ kind }: { readonly kind: ResourceKind<P> }) {
  const { shape, itemPath, nameParam, newTitle, title, listAddress, address, initial } = kind;
  const text = useText();
  const [, navigate] = useLocation();
  return (
    <Page title={newTitle} above={[[title, listAddress]]}>
      <NewResource
        shape={shape}
        path={itemPath}
        nameParam={nameParam}
        title={text("resources.settings")}
        onCreated={(name) => navigate(address(name))}
        {...(initial !== undefined && { initial })}
      />
    </Page>
  );
}

function Listed<P extends ListPath>({ kind, columns, nameOf, actions }: ResourceListProps<P>) {
  const { change: blocked } = useBlocks();
  const { listPath, title, newTitle, emptyTitle, about, listAddress } = kind;
  // The types of the path have been checked where the kind is described.
  const list = useList(listPath as "/v1/topics");
  const { portal } = useSignedIn();
  const button = !portal && (
    <LinkButton kind="primary" href={withQuery(listAddress, { new: "1" })} blocked={blocked}>
      {newTitle}
    </LinkButton>
  );
  return (
    <Page
      title={title}
      actions={
        <>
          {actions}
          {button}
        </>
      }
    >
      <Panel flush title={title}>
        <Table
          label={title}
          columns={columns}
          rows={list.items as readonly ListItem<P>[] | undefined}
          rowKey={nameOf}
          error={list.error}
          retry={() => void list.refetch()}
          more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
          isReadingMore={list.isFetchingNextPage}
          empty={
            <Empty title={emptyTitle} action={button}>
              {about}
            </Empty>
          }
        />
      </Panel>
    </Page>
  );
}
