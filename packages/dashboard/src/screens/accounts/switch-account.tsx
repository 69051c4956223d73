import { useLocation } from "wouter";
import { to } from "../../app/addresses.ts";
import { liveFeed } from "../../api/live.ts";
import { chooseAccount, chosenAccount, useSignedIn } from "../../api/session.ts";
import { announce } from "../../parts/announcements.ts";
import { Button, type ButtonKind } from "../../parts/button.tsx";
import { Status } from "../../parts/status.tsx";
import { useText } from "../../language/text.ts";

interface SwitchAccountProps {
  readonly account: string;
  readonly kind?: ButtonKind;
}

/** Makes the page act on another account, as operators may. */
export function SwitchAccount({ account, kind = "plain" }: SwitchAccountProps) {
  const text = useText();
  const session = useSignedIn();
  const [, navigate] = useLocation();
  if ((chosenAccount() ?? session.account) === account) return <Status tone="good">{text("accounts.current")}</Status>;
  const choose = async (): Promise<void> => {
    await chooseAccount(account);
    liveFeed.restart();
    announce(text("accounts.switched", { account }));
    navigate(to.home);
  };
  return (
    <Button kind={kind} aria-label={text("accounts.switchTo", { account })} onClick={() => void choose()}>
      {text("accounts.switch")}
    </Button>
  );
}
