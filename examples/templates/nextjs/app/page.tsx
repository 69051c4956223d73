import { arrivals } from "../lib/arrivals";

export const dynamic = "force-dynamic";

export default function Page() {
  const rows = arrivals();
  return (
    <main>
      <h1>Received</h1>
      {rows.length === 0 ? <p>Nothing has arrived yet. Load the page again in a moment.</p> : null}
      <table>
        <tbody>
          {rows.map(({ messageId, text, receivedAt }) => (
            <tr key={messageId}>
              <td>{receivedAt}</td>
              <td>
                <code>{text}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </main>
  );
}
