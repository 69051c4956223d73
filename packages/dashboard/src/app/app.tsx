import { Suspense, useEffect } from "react";
import { Route, Switch } from "wouter";
import { liveFeed } from "../api/live.ts";
import { queryClient } from "../api/queries.ts";
import { findSession, useSession } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Empty, Loading, Notice } from "../parts/notice.tsx";
import { SignIn } from "../screens/sign-in/sign-in.tsx";
import { useText } from "../language/text.ts";
import { ScreenErrors } from "./screen-errors.tsx";
import { screens } from "./screens.ts";
import { Shell } from "./shell.tsx";

export function App() {
  const text = useText();
  const session = useSession();
  // After a loss of the stream, events may be missing, so everything that is shown is read again.
  useEffect(() => liveFeed.onReconnect(() => void queryClient.invalidateQueries()), []);
  switch (session.state) {
    case "loading":
      return <Loading lines={4} />;
    case "unreachable":
      return (
        <main className="mx-auto max-w-2xl p-4">
          <Notice tone="bad" action={<Button onClick={() => void findSession()}>{text("common.tryAgain")}</Button>}>
            {text("problem.unreachable")}
          </Notice>
        </main>
      );
    case "signed-out":
      return <SignIn reason={session.reason} />;
    case "signed-in":
      return (
        <Shell>
          <ScreenErrors>
            <Suspense fallback={<Loading lines={8} />}>
              <Screens />
            </Suspense>
          </ScreenErrors>
        </Shell>
      );
  }
}

function Screens() {
  const text = useText();
  return (
    <Switch>
      {screens.map(({ path, component }) => (
        <Route key={path} path={path} component={component} />
      ))}
      <Route>
        <Empty title={text("shell.noScreen")} />
      </Route>
    </Switch>
  );
}
