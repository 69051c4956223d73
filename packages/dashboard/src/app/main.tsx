import "./tokens.css";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { findSession, openPortal } from "../api/session.ts";
import { queryClient } from "../api/queries.ts";
import { App } from "./app.tsx";
import { portalOf } from "./portal-address.ts";
import { followTheme } from "./preferences.ts";
import { Sentences } from "./sentences.tsx";

followTheme();
void begin();

/** A portal link says who the reader is; its token does not stay in the address. */
function begin(): Promise<void> {
  const portal = portalOf(location.pathname, location.hash);
  if (portal === null) return findSession();
  history.replaceState(null, "", location.pathname + location.search);
  return openPortal(portal.link, portal.token);
}

const root = document.querySelector("#root");
if (root === null) throw new Error("the page has no element #root");
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <Sentences>
          <App />
        </Sentences>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
