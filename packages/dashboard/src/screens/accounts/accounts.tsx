import { Page } from "../../app/page.tsx";

export default function Accounts() {
  return <Page title="Accounts">{null}</Page>;
}
