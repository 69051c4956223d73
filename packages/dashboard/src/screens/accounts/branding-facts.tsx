import type { components } from "@ringback/sdk/client";
import { Facts, Panel } from "../../parts/panel.tsx";
import { useText } from "../../language/text.ts";

type Branding = components["schemas"]["Account"]["portal"];

/** Name, logo and colours of the customer's own page. */
export function BrandingFacts({ branding }: { readonly branding: Branding }) {
  const text = useText();
  if (branding === null) {
    return (
      <Panel title={text("label.portal")}>
        <p className="text-muted">{text("accounts.noBranding")}</p>
      </Panel>
    );
  }
  const { name, logo, accent, accentDark, frameAncestors } = branding;
  return (
    <Panel title={text("label.portal")}>
      <Facts
        facts={[
          [text("common.name"), name === "" ? undefined : name],
          [
            text("label.logo"),
            logo === null ? undefined : <img key="logo" src={logo} alt="" className="max-h-10 max-w-40" />,
          ],
          [text("label.accent"), colour(accent)],
          [text("label.accentDark"), colour(accentDark)],
          [text("label.frameAncestors"), frameAncestors.length === 0 ? undefined : frameAncestors.join(", ")],
        ]}
      />
    </Panel>
  );
}

function colour(value: string | null) {
  if (value === null) return undefined;
  return (
    <span className="inline-flex items-center gap-2">
      <span className="inline-block size-3 rounded-mark border border-line" style={{ background: value }} />
      <span className="font-mono text-small">{value}</span>
    </span>
  );
}
