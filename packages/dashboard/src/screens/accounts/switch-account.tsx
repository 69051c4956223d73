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
  const choose = useSwitch();
  if ((chosenAccount() ?? session.account) === account) return <Status tone="good">{text("accounts.current")}</Status>;
  return (
    <Button kind={kind} aria-label={text("accounts.switchTo", { account })} onClick={() => void choose(account)}>
      {text("accounts.switch")}
    </Button>
  );
}

/** Returns a function that makes the page act on another account, and shows its home. */
export function useSwitch(): (account: string) => Promise<void> {
  const text = useText();
  const [, navigate] = useLocation();
  return async (account) => {
    navigate(to.home);
    await chooseAccount(account);
    liveFeed.restart();
    announce(text("accounts.switched", { account }));
  };
}
