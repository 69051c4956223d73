import { Page } from "../../app/page.tsx";

export default function Portal() {
  return <Page title="Portal">{null}</Page>;
}
