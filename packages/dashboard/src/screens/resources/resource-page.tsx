import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import type { ListPath } from "@ringback/sdk/client";
import { useQueryValue, withQuery } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useAction } from "../../api/action.ts";
import { invalidate } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { client, useSignedIn } from "../../api/session.ts";
import { EditResource } from "../../forms/edit-resource.tsx";
import { Button, LinkButton } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { useText } from "../../language/text.ts";
import type { ResourceKind } from "./resource-list.tsx";

interface ResourcePageProps<P extends ListPath> {
  readonly kind: ResourceKind<P>;
  readonly name: string;
  /** Consequences of its deletion. */
  readonly deleteHelp: string;
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** The page of one resource; with `?edit=1` in the address the form for its settings. */
export function ResourcePage<P extends ListPath>(props: ResourcePageProps<P>) {
  const [isEdit] = useQueryValue("edit");
  return isEdit === "" ? <Shown {...props} /> : <Edited {...props} />;
}

function Edited<P extends ListPath>({ kind, name }: ResourcePageProps<P>) {
  const { shape, itemPath, nameParam, title, listAddress, address } = kind;
  const text = useText();
  const [, navigate] = useLocation();
  return (
    <Page
      title={text("resources.edit", { name })}
      above={[
        [title, listAddress],
        [name, address(name)],
      ]}
    >
      <EditResource
        shape={shape}
        path={itemPath}
        params={{ [nameParam]: name }}
        title={text("resources.settings")}
        onSaved={() => navigate(address(name))}
      />
    </Page>
  );
}

function Shown<P extends ListPath>({ kind, name, deleteHelp, note, actions, children }: ResourcePageProps<P>) {
  const { title, listAddress, address } = kind;
  const text = useText();
  const { change: blocked } = useBlocks();
  const { portal } = useSignedIn();
  const [isDeleting, setDeleting] = useState(false);
  return (
    <Page
      title={name}
      note={note}
      above={[[title, listAddress]]}
      actions={
        <>
          {actions}
          {!portal && (
            <>
              <LinkButton href={withQuery(address(name), { edit: "1" })} blocked={blocked}>
                {text("common.edit")}
              </LinkButton>
              <Button kind="danger" blocked={blocked} onClick={() => setDeleting(true)}>
                {text("common.delete")}
              </Button>
            </>
          )}
        </>
      }
    >
      {children}
      {isDeleting && <Delete kind={kind} name={name} help={deleteHelp} onClose={() => setDeleting(false)} />}
    </Page>
  );
}

interface DeleteProps<P extends ListPath> {
  readonly kind: ResourceKind<P>;
  readonly name: string;
  readonly help: string;
  readonly onClose: () => void;
}

function Delete<P extends ListPath>({ kind, name, help, onClose }: DeleteProps<P>) {
  const text = useText();
  const [, navigate] = useLocation();
  const remove = useAction({
    run: () => {
      const send = client().delete as unknown as (path: string, init: object) => Promise<unknown>;
      return send(kind.itemPath, { params: { path: { [kind.nameParam]: name } } });
    },
    changes: [],
    done: () => text("common.deleted", { name }),
  });
  const confirm = (): void =>
    remove.mutate(undefined, {
      onSuccess: () => {
        navigate(kind.listAddress);
        void invalidate(kind.listPath);
      },
    });
  return (
    <Confirm
      open
      title={text("resources.delete", { name })}
      verb={text("common.delete")}
      typedName={name}
      busy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={confirm}
    >
      {help}
    </Confirm>
  );
}
