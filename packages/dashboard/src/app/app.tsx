import { Suspense, useEffect, useState } from "react";
import { Route, Router, Switch } from "wouter";
import { brandingKey } from "../api/branding.ts";
import { liveFeed } from "../api/live.ts";
import { queryClient } from "../api/queries.ts";
import { findSession, portalLink, useSession, useSignedIn } from "../api/session.ts";
import { LinkButton } from "../parts/button.tsx";
import { Loading, ProblemNotice } from "../parts/notice.tsx";
import { PortalClosed } from "../screens/portal/portal-closed.tsx";
import { SignIn } from "../screens/sign-in/sign-in.tsx";
import { useText } from "../language/text.ts";
import { to } from "./addresses.ts";
import { Page } from "./page.tsx";
import { baseOfPage } from "./portal-address.ts";
import { ScreenErrors } from "./screen-errors.tsx";
import { screens } from "./screens.ts";
import { Shell } from "./shell.tsx";

const askAgainMs = 5_000;

export function App() {
  const session = useSession();
  const [base] = useState(baseOfPage);
  // Answers for one reader are not shown to the next.
  useEffect(() => {
    if (session.state === "signed-out") queryClient.removeQueries({ predicate: isOfReader });
  }, [session.state]);
  // After a loss of the stream, events may be missing, so everything that is shown is read again.
  useEffect(() => liveFeed.onReconnect(() => void queryClient.invalidateQueries()), []);
  switch (session.state) {
    case "loading":
      return <Loading lines={4} />;
    case "failed":
      return <Unreachable error={session.error} />;
    case "signed-out":
      return portalLink() === null ? <SignIn reason={session.reason} /> : <PortalClosed reason={session.reason} />;
    case "signed-in":
      return (
        <Router base={base}>
          {/* Another account has other things, so nothing of a screen is kept. */}
          <Shell key={session.account}>
            <ScreenErrors>
              <Suspense fallback={<Loading lines={8} />}>
                <Screens />
              </Suspense>
            </ScreenErrors>
          </Shell>
        </Router>
      );
  }
}

function isOfReader({ queryKey }: { readonly queryKey: readonly unknown[] }): boolean {
  return queryKey[0] !== brandingKey;
}

/** The server does not say who the reader is. The page asks again by itself, and when the reader wants it. */
function Unreachable({ error }: { readonly error: unknown }) {
  const text = useText();
  useEffect(() => {
    const timer = setInterval(() => void findSession(), askAgainMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <main className="mx-auto flex max-w-2xl flex-col gap-4 px-4 py-16">
      <h1 className="text-page font-semibold">{text("shell.unreachable")}</h1>
      <ProblemNotice error={error} retry={() => void findSession()} />
    </main>
  );
}

function Screens() {
  const text = useText();
  const { portal: isPortal } = useSignedIn();
  return (
    <Switch>
      {screens
        .filter((screen) => !isPortal || screen.portal)
        .map(({ path, component }) => (
          <Route key={path} path={path} component={component} />
        ))}
      <Route>
        <Page title={text("shell.noScreen")}>
          <LinkButton href={to.home}>{text("nav.home")}</LinkButton>
        </Page>
      </Route>
    </Switch>
  );
}
