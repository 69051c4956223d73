import type { Account } from "../../domain/model.ts";
import type { Connection } from "./connection.ts";
import type { Times } from "./times.ts";

/** Creates the account, or sets the application id of the existing account of this name. */
export async function ensureAccount(
  connection: Connection,
  { name, appId }: { readonly name: string; readonly appId: number },
  times: Times,
): Promise<Account> {
  const [row] = await connection.query<Account>(
    `INSERT INTO ringback.account (name, app_id, created_at) VALUES ($1, $2, coalesce(($3::bigint[])[2], ringback.now_ms()))
     ON CONFLICT (name) DO UPDATE SET app_id = excluded.app_id RETURNING id, name, app_id AS "appId"`,
    [name, appId, times.at()],
  );
  return row as Account;
}
