/** A part of a list, and the cursor of the next one where there is more. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/**
 * Reads one row more than the page holds: only so is it known whether there is a next one. `cursorOf` names the last
 * row shown, after which the next page begins.
 */
export async function readPage<T>(
  limit: number,
  read: (limit: number) => Promise<readonly T[]>,
  cursorOf: (row: T) => string,
): Promise<Page<T>> {
  const rows = await read(limit + 1);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return rows.length > limit && last !== undefined ? { items, next: cursorOf(last) } : { items };
}
