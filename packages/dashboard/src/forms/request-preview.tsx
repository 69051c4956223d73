import { useState } from "react";
import { Button } from "../parts/button.tsx";
import { Code } from "../parts/code.tsx";
import { useText } from "../language/text.ts";
import { curlText, httpText, type FormRequest } from "./request.ts";
import { accountHeaders, needsToken } from "./send.ts";

/** The exact request that a form will make, as HTTP or as a command. */
export function RequestPreview({ request }: { readonly request: FormRequest }) {
  const text = useText();
  const [isCommand, setCommand] = useState(false);
  const full = { ...request, headers: { ...accountHeaders(), ...request.headers } };
  const shown = isCommand ? curlText(full, location.origin, needsToken()) : httpText(full);
  return (
    <Code
      label={text("forms.request")}
      text={shown}
      actions={
        <Button kind="quiet" aria-pressed={isCommand} onClick={() => setCommand(!isCommand)}>
          curl
        </Button>
      }
    />
  );
}
