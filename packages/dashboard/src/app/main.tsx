import "./tokens.css";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { findSession } from "../api/session.ts";
import { queryClient } from "../api/queries.ts";
import { App } from "./app.tsx";
import { followTheme } from "./preferences.ts";
import { Sentences } from "./sentences.tsx";

followTheme();
void findSession();

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
