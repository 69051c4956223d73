import { useState, type FormEvent } from "react";
import { RingbackApiError } from "@ringback/sdk/client";
import { signIn } from "../../api/session.ts";
import { useAction } from "../../api/action.ts";
import { Button } from "../../parts/button.tsx";
import { Checkbox, Field, Input } from "../../parts/field.tsx";
import { Notice, ProblemNotice } from "../../parts/notice.tsx";
import { useText } from "../../language/text.ts";

export function SignIn({ reason }: { readonly reason: "none" | "expired" }) {
  const text = useText();
  const [token, setToken] = useState("");
  const [remember, setRemember] = useState(false);
  const { mutate, isPending, error } = useAction({ run: () => signIn(token.trim(), remember), changes: [] });
  const isRefused = error instanceof RingbackApiError && error.status === 401;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    mutate();
  };
  return (
    <main className="mx-auto flex max-w-md flex-col gap-4 px-4 py-16">
      <h1 className="text-page font-semibold">{text("signIn.title")}</h1>
      {reason === "expired" && error === null && <Notice tone="warn">{text("signIn.expired")}</Notice>}
      <form className="flex flex-col gap-4" onSubmit={submit}>
        <Field label={text("signIn.token")} help={text("signIn.tokenHelp")}>
          <Input
            type="password"
            autoComplete="off"
            required
            value={token}
            onChange={({ target }) => setToken(target.value)}
          />
        </Field>
        <Checkbox
          label={text("signIn.remember")}
          checked={remember}
          onChange={({ target }) => setRemember(target.checked)}
        />
        {isRefused ? <Notice tone="bad">{text("signIn.refused")}</Notice> : <ProblemNotice error={error} />}
        <div>
          <Button kind="primary" type="submit" busy={isPending}>
            {text("signIn.do")}
          </Button>
        </div>
      </form>
    </main>
  );
}
