import type { Cli } from '../cli.js';
import { type Column, formatFields, formatTable, formatTime, formatValue, plural } from '../format.js';
import type { Page, Resource } from '../service/api.js';

/** A column with a member of each item. */
export const column = (name: string, head = name): Column<Resource> => ({
  head,
  value: (item) => formatValue(item[name]),
});

/** A column with a time. */
export const timeColumn = (name: string, head: string): Column<Resource> => ({
  head,
  value: (item) => formatTime(item[name]),
});

export function printPage(cli: Cli, page: Page, noun: string, columns: readonly Column<Resource>[]): void {
  cli.out.result(page, () => (page.items.length === 0 ? `No ${noun}s.` : formatTable(page.items, columns)));
  if (page.next !== undefined) {
    cli.out.note(`These are ${plural(page.items.length, noun)}; there are more: --limit.`);
  }
}

/** Every member of one resource; members that are times as times. */
export function printResource(cli: Cli, resource: Resource, sentence?: string): void {
  cli.out.result(resource, () => {
    const fields = resourceFields(resource);
    return sentence === undefined ? fields : `${sentence}\n\n${fields}`;
  });
}

export function resourceFields(resource: Resource): string {
  return formatFields(
    Object.entries(resource).map(([name, value]) => [
      name,
      isTime(name, value) ? formatTime(value) : formatValue(value),
    ]),
  );
}

const isTime = (name: string, value: unknown): boolean =>
  typeof value === 'number' && /(At|Until|After|Before|^at)$/.test(name);
