import { Prisma } from '../db/db.ts';

/** A person as entries carry them: what everyone in the room may see. */
export interface Person {
  id: string;
  username: string;
  displayName: string;
  colour: number | null;
  createdAt: string;
}

/** The columns of a person, of the "user" that `table` names, for `personAt` with the same prefix. */
export const personColumns = (table: string, prefix: string) =>
  Prisma.raw(
    [
      `${table}.id AS ${prefix}_id`,
      `${table}.username AS ${prefix}_username`,
      `${table}.display_name AS ${prefix}_name`,
      `${table}.colour AS ${prefix}_colour`,
      `${table}.created_at AS ${prefix}_since`,
    ].join(', '),
  );

/** A person as JSON, of the "user" that `table` names, for `personOfJson`. */
export const personJson = (table: string) =>
  Prisma.raw(
    [
      `json_build_object('id', ${table}.id`,
      `'username', ${table}.username`,
      `'displayName', ${table}.display_name`,
      `'colour', ${table}.colour`,
      `'createdAt', ${table}.created_at)`,
    ].join(', '),
  );

/** The person of `personJson`. */
export const personOfJson = (json: Person): Person => ({
  ...json,
  createdAt: new Date(json.createdAt).toISOString(),
});

/** The person in a row with `personColumns`; null when there is none. */
export function personAt(row: Record<string, unknown>, prefix: string): Person | null {
  const of = (name: string) => row[`${prefix}_${name}`];
  if (!of('id')) return null;
  return {
    id: of('id') as string,
    username: of('username') as string,
    displayName: of('name') as string,
    colour: of('colour') as number | null,
    createdAt: (of('since') as Date).toISOString(),
  };
}
