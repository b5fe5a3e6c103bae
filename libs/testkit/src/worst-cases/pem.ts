import type { WorstCase } from './parts.js';

/** Text around blocks, or within them. */
export function worstPem(octets: number): readonly WorstCase[] {
  const line = (each: string): Uint8Array => Buffer.from(each.repeat(Math.floor(octets / each.length)));
  return [
    { name: 'empty lines', bytes: line('\n') },
    {
      name: 'lines of one character',
      bytes: Buffer.from(`-----BEGIN A-----\n${'A\n'.repeat((octets - 40) / 2)}-----END A-----`),
    },
    { name: 'empty blocks', bytes: line('-----BEGIN A-----\n-----END A-----\n') },
    { name: 'begins', bytes: line('-----BEGIN ') },
    { name: 'spaces', bytes: Buffer.from(`-----BEGIN A-----\n${' '.repeat(octets - 60)}A`) },
  ];
}
