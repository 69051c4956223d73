import { useDeferredValue, useEffect, useState, type FormEvent } from "react";
import { useList, useRead } from "../../api/queries.ts";
import { chosenAccount, type SignedIn } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Input } from "../../parts/field.tsx";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";
import { useSwitch } from "./switch-account.tsx";

const shownMax = 50;
/** So many accounts are searched by a part of their name; more of them are found by their whole name. */
const searchedMax = 2_000;
const wholeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** The account of the page. An operator changes it here. */
export function AccountSwitcher({ session }: { readonly session: SignedIn }) {
  const text = useText();
  const [isOpen, setOpen] = useState(false);
  if (session.role !== "operator") return <p className="truncate px-4 pb-3 text-muted">{session.account}</p>;
  return (
    <div className="flex min-w-0 px-2 pb-3">
      <Button
        aria-haspopup="dialog"
        aria-label={text("accounts.change", { account: session.account })}
        onClick={() => setOpen(true)}
      >
        <span className="max-w-40 truncate">{session.account}</span>
        <span aria-hidden="true" className="text-muted">
          ▾
        </span>
      </Button>
      {isOpen && <Accounts current={chosenAccount() ?? session.account} onClose={() => setOpen(false)} />}
    </div>
  );
}

function Accounts({ current, onClose }: { readonly current: string; readonly onClose: () => void }) {
  const text = useText();
  const [typed, setTyped] = useState("");
  const { names, isLoading, error } = useFound(typed.trim());
  const change = useSwitch();
  const choose = (name: string | undefined): void => {
    if (name === undefined) return;
    onClose();
    if (name !== current) void change(name);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    choose(names[0]);
  };
  return (
    <Dialog open title={text("accounts.choose")} onClose={onClose}>
      <form onSubmit={submit}>
        <Field label={text("accounts.find")} help={text("accounts.findHelp")}>
          <Input type="search" autoComplete="off" value={typed} onChange={({ target }) => setTyped(target.value)} />
        </Field>
      </form>
      <ProblemNotice error={error} />
      {isLoading ? (
        <Loading />
      ) : (
        <ul aria-label={text("nav.accounts")} className="flex h-64 flex-col overflow-y-auto">
          {names.slice(0, shownMax).map((name) => (
            <li key={name}>
              <button
                type="button"
                aria-current={name === current || undefined}
                onClick={() => choose(name)}
                className="w-full rounded-box px-2 py-1 text-left break-all hover:bg-paper aria-[current=true]:bg-tint aria-[current=true]:font-medium"
              >
                {name}
              </button>
            </li>
          ))}
          {names.length === 0 && <li className="px-2 text-muted">{text("accounts.noneFound")}</li>}
          {names.length > shownMax && (
            <li className="px-2 py-1 text-small text-muted">
              {text("accounts.moreFound", { n: names.length - shownMax })}
            </li>
          )}
        </ul>
      )}
    </Dialog>
  );
}

/** Names of accounts that contain the typed text, and the account that has it as its whole name. */
function useFound(typed: string) {
  const name = useDeferredValue(typed);
  const list = useList("/v1/accounts");
  const { items = [], hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = list;
  const mayReadOn = hasNextPage && !isFetchingNextPage && !isFetchNextPageError && items.length < searchedMax;
  useEffect(() => {
    if (mayReadOn) void fetchNextPage();
  }, [mayReadOn, fetchNextPage]);
  const part = name.toLowerCase();
  const found = items.map((account) => account.name).filter((one) => one.toLowerCase().includes(part));
  const isFar = hasNextPage && !mayReadOn && !isFetchingNextPage && wholeName.test(name) && !found.includes(name);
  const whole = useRead("/v1/accounts/{account}", { params: { path: { account: name } } }, { enabled: isFar });
  const names = isFar && whole.data !== undefined ? [whole.data.name, ...found] : found;
  return { names, isLoading: list.isLoading, error: list.error };
}
