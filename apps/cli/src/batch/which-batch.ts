import { z } from 'zod';
import { CliError } from '../cli-error.js';
import { readOptionalText, replaceFile } from '../files.js';
import type { Api } from '../service/api.js';

/** What a batch is made for, where none is named. */
export interface NewBatch {
  readonly factory: string;
  readonly model: string;
  readonly policy: string;
  readonly size: number;
  readonly validUntil: number;
}

const Kept = z.object({ batch: z.uuid() });

/** `<file>.batch.json`: which batch a file went into, so that the next run goes on with it. */
export async function keptBatch(file: string): Promise<string | undefined> {
  const text = await readOptionalText(file);
  if (text === undefined) return undefined;
  try {
    return Kept.parse(JSON.parse(text)).batch;
  } catch (cause) {
    throw new CliError(
      'FILE_MALFORMED',
      `${file} does not say a batch`,
      { hint: 'Move it away to begin anew.' },
      cause,
    );
  }
}

/** The batch to provision into: the one named, the one of an earlier run, or a new one. Throws BATCH_MISMATCH, USAGE. */
export async function whichBatch(
  stateFile: string,
  named: string | undefined,
  make: (() => NewBatch) | undefined,
  api: () => Promise<Api>,
): Promise<string> {
  const kept = await keptBatch(stateFile);
  if (kept !== undefined && named !== undefined && kept !== named) {
    throw new CliError('BATCH_MISMATCH', `this file went into the batch ${kept} before`, {
      hint: `Go on with that one, or move ${stateFile} and the results away to begin anew.`,
    });
  }
  if (kept !== undefined) return kept;
  if (named === undefined && !make) {
    throw new CliError('USAGE', 'which batch is it for?', {
      hint: 'Give --batch ID, or --model NAME to make a new one (with --factory, --policy, --size).',
    });
  }
  const batch = named ?? z.string().parse((await (await api()).post('/v1/batches', make?.() ?? {}))['id']);
  await replaceFile(stateFile, `${JSON.stringify({ batch })}\n`);
  return batch;
}
