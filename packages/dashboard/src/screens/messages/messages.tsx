import { useState, type FormEvent } from "react";
import { Link, useLocation } from "wouter";
import { to, withQuery } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useRead } from "../../api/queries.ts";
import { Button, LinkButton } from "../../parts/button.tsx";
import { Field, Input } from "../../parts/field.tsx";
import { FilterRow } from "../../parts/filter.tsx";
import { Empty, Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { useText } from "../../language/text.ts";
import { FoundMessages } from "./found-messages.tsx";
import { useMessageFilter } from "./message-filter.tsx";

/** Finds messages: one by its id, or those of a topic by everything that the API can search. */
export default function Messages() {
  const text = useText();
  const filter = useMessageFilter();
  return (
    <Page title={text("nav.messages")} actions={<ById />}>
      <FilterRow>{filter.fields}</FilterRow>
      {filter.topic === "" ? <Topics /> : <FoundMessages filter={filter} />}
    </Page>
  );
}

function ById() {
  const text = useText();
  const [id, setId] = useState("");
  const [, navigate] = useLocation();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (id.trim() !== "") navigate(to.message(id.trim()));
  };
  return (
    <form className="flex gap-2" onSubmit={submit}>
      <Field label={text("messages.byId")} labelHidden>
        <Input placeholder={text("messages.byId")} value={id} onChange={({ target }) => setId(target.value)} />
      </Field>
      <Button type="submit">{text("messages.open")}</Button>
    </form>
  );
}

/** Messages belong to topics, so one is chosen first. */
function Topics() {
  const text = useText();
  const { data, error, refetch } = useRead("/v1/topics", { params: { query: { limit: 200 } } });
  if (error !== null) return <ProblemNotice error={error} retry={() => void refetch()} />;
  if (data === undefined) return <Loading />;
  if (data.items.length === 0) {
    return (
      <Empty
        title={text("messages.noTopics")}
        action={<LinkButton href={to.newTopic}>{text("palette.newTopic")}</LinkButton>}
      />
    );
  }
  return (
    <Panel title={text("messages.chooseTopic")}>
      <ul className="columns-2 gap-4 sm:columns-3 lg:columns-4">
        {data.items.map(({ name }) => (
          <li key={name} className="truncate">
            <Link href={withQuery(to.messages, { topic: name })} className="text-accent hover:underline">
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
