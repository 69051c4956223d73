import { useState } from "react";
import { useAction } from "../../api/action.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field, Input, Select } from "../../parts/field.tsx";
import { ProblemNotice } from "../../parts/notice.tsx";
import { Time } from "../../parts/time.tsx";
import { duration } from "../../format/time.ts";
import { useText } from "../../language/text.ts";

interface PortalLinkDialogProps {
  readonly account: string;
  readonly onClose: () => void;
}

const validS = [900, 3_600, 28_800, 86_400] as const;

/** Makes a link that opens the customer's own page for a while. The link is shown once. */
export function PortalLinkDialog({ account, onClose }: PortalLinkDialogProps) {
  const text = useText();
  const [name, setName] = useState("");
  const [role, setRole] = useState<"admin" | "read">("admin");
  const [expiresInS, setExpiresInS] = useState<number>(validS[1]);
  const [topics, setTopics] = useState("");
  const patterns = topics.split(/[\s,]+/).filter((pattern) => pattern !== "");
  const { mutate, isPending, error, data } = useAction({
    run: () =>
      client().post("/v1/portal-links", {
        body: { role, expiresInS, ...(name !== "" && { name }), ...(patterns.length > 0 && { topics: patterns }) },
        // The link is for this account, whichever the page acts on.
        headers: { "ringback-account": account },
      }),
    changes: ["/v1/portal-links"],
  });
  const button = (
    <Button kind="primary" busy={isPending} onClick={() => mutate()}>
      {text("portalLink.do")}
    </Button>
  );
  return (
    <Dialog open title={text("portalLink.title", { account })} onClose={onClose} actions={data === undefined && button}>
      {data === undefined ? (
        <>
          <p>{text("portalLink.what")}</p>
          <Field label={text("portalLink.for")} help={text("portalLink.forHelp")}>
            <Input value={name} placeholder="anna@acme.example" onChange={({ target }) => setName(target.value)} />
          </Field>
          <Field label={text("label.role")}>
            <Select value={role} onChange={({ target }) => setRole(target.value === "read" ? "read" : "admin")}>
              <option value="admin">{text("portalLink.admin")}</option>
              <option value="read">{text("portalLink.read")}</option>
            </Select>
          </Field>
          <Field label={text("portalLink.valid")}>
            <Select value={expiresInS} onChange={({ target }) => setExpiresInS(Number(target.value))}>
              {validS.map((seconds) => (
                <option key={seconds} value={seconds}>
                  {duration(seconds * 1_000)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={text("nav.topics")} help={text("apiKeys.topicsHelp")}>
            <Input value={topics} placeholder="orders*" onChange={({ target }) => setTopics(target.value)} />
          </Field>
          <ProblemNotice error={error} />
        </>
      ) : (
        <>
          <p>
            {text("portalLink.until")} <Time at={data.expiresAt} />
          </p>
          <p>{text("forms.secretOnce")}</p>
          <Code label={text("portalLink.link")} text={data.url} />
          <p>
            <a href={data.url} target="_blank" rel="noreferrer" className="text-accent hover:underline">
              {text("portalLink.open")}
            </a>
          </p>
        </>
      )}
    </Dialog>
  );
}
