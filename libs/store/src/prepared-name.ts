/** Statements that a connection may hold prepared; each costs the server memory. */
const LIMIT = 256;

const names = new Map<string, string>();

/** The name under which connections prepare a statement; undefined when there are too many already, then it is planned each time. */
export function preparedName(sql: string): string | undefined {
  const known = names.get(sql);
  if (known !== undefined || names.size >= LIMIT) return known;
  const name = `s${names.size}`;
  names.set(sql, name);
  return name;
}
