import { useDeferredValue, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import type { components } from "@ringback/sdk/client";
import { Page } from "../../app/page.tsx";
import { useQueryValue } from "../../app/addresses.ts";
import { client } from "../../api/session.ts";
import { Body, Code, headerList, Headers } from "../../parts/code.tsx";
import { Field, Input, Select, TextArea } from "../../parts/field.tsx";
import { Notice, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { useText } from "../../language/text.ts";

type Test = components["schemas"]["ExpressionTest"];
type Result = components["schemas"]["ExpressionTestResult"];

const message = JSON.stringify(
  { type: "invoice.paid", tags: ["eu"], body: { id: "in_17", amount: 250, currency: "EUR" } },
  null,
  2,
);
const examples = {
  filter: "data.amount > 100",
  transform: '{"invoice": data.id, "cents": data.amount * 100}',
} as const;
type Use = keyof typeof examples;

/** Tries filters and transformations on a message, while they are typed. */
export default function Expressions() {
  const text = useText();
  const [given, setUse] = useQueryValue("use");
  const use: Use = given === "transform" ? "transform" : "filter";
  const [expressions, setExpressions] = useState<Readonly<Record<Use, string>>>(examples);
  const [id, setId] = useQueryValue("message");
  const [json, setJson] = useState(message);
  const expression = expressions[use];
  const tested = useDeferredValue(testOf(use, expression, id, json));
  return (
    <Page title={text("nav.expressions")}>
      <p className="max-w-[80ch] text-muted">{text("expressions.about")}</p>
      <div className="grid gap-4 lg:grid-cols-2">
        <Panel title={text("expressions.message")}>
          <div className="flex flex-col gap-3">
            <Field label={text("expressions.messageId")} help={text("expressions.messageIdHelp")}>
              <Input value={id} inputMode="numeric" onChange={({ target }) => setId(target.value.trim())} />
            </Field>
            {id === "" && (
              <Field label={text("expressions.json")}>
                <TextArea rows={12} value={json} onChange={({ target }) => setJson(target.value)} />
              </Field>
            )}
          </div>
        </Panel>
        <Panel title={text("expressions.expression")}>
          <div className="flex flex-col gap-3">
            <Field label={text("expressions.use")}>
              <Select value={use} onChange={({ target }) => setUse(target.value === "transform" ? "transform" : "")}>
                <option value="filter">{text("expressions.filter")}</option>
                <option value="transform">{text("expressions.transform")}</option>
              </Select>
            </Field>
            <Field label="CEL" help={text("expressions.celHelp")}>
              <TextArea
                rows={5}
                value={expression}
                onChange={({ target }) => setExpressions({ ...expressions, [use]: target.value })}
              />
            </Field>
            {tested === null ? (
              <Notice tone="bad">{text("expressions.badJson")}</Notice>
            ) : (
              <Tried test={tested} use={use} />
            )}
          </div>
        </Panel>
      </div>
    </Page>
  );
}

/** The request of a test; null: the message is not JSON. */
function testOf(use: Use, expression: string, messageId: string, json: string): Test | null {
  const tried = use === "filter" ? { expression } : { transform: { body: expression } };
  if (messageId !== "") return { ...tried, messageId };
  try {
    return { ...tried, message: JSON.parse(json) as never };
  } catch {
    return null;
  }
}

function Tried({ test, use }: { readonly test: Test; readonly use: Use }) {
  const text = useText();
  const { data, error } = useQuery({
    queryKey: ["expression", test],
    queryFn: ({ signal }) => client().post("/v1/expressions/test", { body: test, signal }),
    placeholderData: (before) => before,
    retry: false,
    staleTime: Infinity,
  });
  if (error !== null) return <ProblemNotice error={error} />;
  return data === undefined ? null : <ResultView result={data} use={use} label={text("expressions.result")} />;
}

function ResultView({ result, use, label }: { readonly result: Result; readonly use: Use; readonly label: string }) {
  const text = useText();
  const { error, request } = result;
  if (error !== null) {
    const position =
      error.line === null ? "" : text("expressions.position", { line: error.line, column: error.column ?? 1 });
    return (
      <Notice tone="bad" title={position === "" ? undefined : position}>
        {error.message}
      </Notice>
    );
  }
  if (use === "transform" && request !== null) {
    return (
      <>
        <Body given={request} contentType="application/json" label={label} />
        {Object.keys(request.headers).length > 0 && (
          <Headers headers={headerList(request.headers)} label={text("playground.headers")} />
        )}
      </>
    );
  }
  const isMatch = result.result === true;
  return (
    <>
      {typeof result.result === "boolean" && (
        <Status tone={isMatch ? "good" : "plain"}>
          {text(isMatch ? "expressions.matches" : "expressions.matchesNot")}
        </Status>
      )}
      <Code label={label} text={JSON.stringify(result.result, null, 2)} />
    </>
  );
}
