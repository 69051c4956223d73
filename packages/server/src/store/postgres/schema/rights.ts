import { RingbackError } from "../../../domain/errors.ts";
import type { Connection } from "../connection.ts";

interface Rights {
  readonly role: string;
  readonly database: string;
  readonly has_schema: boolean;
  readonly may_create_schema: boolean;
  readonly may_use: boolean;
  readonly may_create: boolean;
  /** Owner of a table of the schema that the role does not own, and the name of the table. */
  readonly owner: string | null;
  readonly table: string | null;
}

/**
 * Reads rights before anything is created, so that an error names the missing right. The role needs no right to create
 * a schema when there is one. It must always be able to create partitions, which needs the schema and its tables.
 */
export async function assertRights(connection: Connection): Promise<void> {
  const [rights] = await connection.query<Rights>(
    `SELECT current_user::text AS role, current_database()::text AS database, n.oid IS NOT NULL AS has_schema,
       has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
       coalesce(has_schema_privilege(n.oid, 'USAGE'), false) AS may_use,
       coalesce(has_schema_privilege(n.oid, 'CREATE'), false) AS may_create,
       pg_get_userbyid(t.relowner)::text AS owner, t.relname::text AS table
     FROM (SELECT to_regnamespace('ringback')::oid AS oid) AS n
     LEFT JOIN LATERAL (
       SELECT c.relowner, c.relname FROM pg_class c
       WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE')
       ORDER BY c.relname LIMIT 1
     ) AS t ON true`,
  );
  const missing = missingRight(rights as Rights);
  if (missing !== null) throw new RingbackError("internal", missing);
}

/** Returns a sentence with the right that the role lacks and the statement that grants the right. */
function missingRight({ role, database, owner, table, ...rights }: Rights): string | null {
  const [to, on] = [quote(role), quote(database)];
  if (!rights.has_schema) {
    if (rights.may_create_schema) return null;
    return (
      `The role ${to} may not create the schema "ringback" in the database ${on}. An administrator can run ` +
      `CREATE SCHEMA ringback AUTHORIZATION ${to} in that database, or GRANT CREATE ON DATABASE ${on} TO ${to}.`
    );
  }
  const lacks = [...(rights.may_use ? [] : ["USAGE"]), ...(rights.may_create ? [] : ["CREATE"])].join(", ");
  if (lacks !== "") {
    return (
      `The role ${to} lacks the right ${lacks} on the schema "ringback" of the database ${on}. ` +
      `The owner of the schema can run GRANT ${lacks} ON SCHEMA ringback TO ${to}.`
    );
  }
  if (owner === null || table === null) return null;
  return (
    `The table ringback.${quote(table)} of the database ${on} belongs to the role ${quote(owner)}, and only its owner ` +
    `can add partitions. An administrator can run GRANT ${quote(owner)} TO ${to}, or ALTER TABLE … OWNER TO ${to} ` +
    `for each table of the schema.`
  );
}

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
