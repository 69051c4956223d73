import { Page } from "../../app/page.tsx";

export default function Replay() {
  return <Page title="Replay">{null}</Page>;
}
