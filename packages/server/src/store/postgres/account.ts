import type { Account, AccountId } from "../../domain/model.ts";
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

/** The app id of an account is not in this table, except that of the default account. */
export async function ensureAccountNamed(connection: Connection, name: string, times: Times): Promise<AccountId> {
  await connection.query(
    `INSERT INTO ringback.account (name, app_id, created_at) VALUES ($1, 0, coalesce(($2::bigint[])[2], ringback.now_ms()))
     ON CONFLICT (name) DO NOTHING`,
    [name, times.at()],
  );
  const [row] = await connection.query<Pick<Account, "id">>("SELECT id FROM ringback.account WHERE name = $1", [name]);
  return (row as Pick<Account, "id">).id;
}

/** Returns false if the account has topics or entries. */
export async function removeAccount(connection: Connection, id: AccountId): Promise<boolean> {
  await connection.query("DELETE FROM ringback.replay WHERE account_id = $1", [id]);
  await connection.query(
    `DELETE FROM ringback.account a WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM ringback.topic WHERE account_id = a.id)
     AND NOT EXISTS (SELECT 1 FROM ringback.entry WHERE account_id = a.id)`,
    [id],
  );
  return (await connection.query("SELECT 1 FROM ringback.account WHERE id = $1", [id])).length === 0;
}
