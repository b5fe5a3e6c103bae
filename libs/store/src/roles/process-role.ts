/** The processes that reach the database, each with a role of its own. */
export const processRoles = ['ca', 'enrollment', 'responder'] as const;
export type ProcessRole = (typeof processRoles)[number];

/** What the names of the three roles begin with, where a cluster serves nobody else. */
export const DEFAULT_ROLE_PREFIX = 'touchmark_';

/** Roles are known to the whole cluster, so the prefix tells installations apart. It needs no quotes in SQL. */
export const isRolePrefix = (prefix: string): boolean => /^[a-z][a-z0-9_]{0,39}$/.test(prefix);

/** Throws TypeError for a prefix that `isRolePrefix` refuses. */
export function roleName(prefix: string, role: ProcessRole): string {
  if (!isRolePrefix(prefix)) throw new TypeError('a role prefix is 1 to 40 of a-z, 0-9 and _, a letter first');
  return `${prefix}${role}`;
}
