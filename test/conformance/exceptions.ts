import { readFileSync } from 'node:fs';

import { z } from 'zod';

const exceptionSchema = z.strictObject({
  suite: z.enum(['limbo', 'pkits']),
  id: z.string().min(1),
  /** What we answer: `SUCCESS`, or `FAILURE` with the code of the refusal. */
  answer: z.string().regex(/^(SUCCESS|FAILURE [A-Z][A-Z0-9_]+)$/),
  /** Why that is right for us, in a sentence. */
  reason: z.string().min(10),
  /** The section of the document that leaves it to us, or that the suite goes beyond. */
  source: z.string().min(3),
});

/** A difference from a suite that we have chosen. */
export type Exception = z.infer<typeof exceptionSchema>;

/** Reads `exceptions.json`; throws what zod finds wrong, and an Error for a case that is declared twice. */
export function readExceptions(file: string): readonly Exception[] {
  const exceptions = z.array(exceptionSchema).parse(JSON.parse(readFileSync(file, 'utf8')));
  const seen = new Set<string>();
  for (const { suite, id } of exceptions) {
    if (seen.has(`${suite} ${id}`)) throw new Error(`${suite} ${id} is declared twice`);
    seen.add(`${suite} ${id}`);
  }
  return exceptions;
}
