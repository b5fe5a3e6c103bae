import type { JournalPosition } from '@touchmark/ca-port';
import { FeedRefusedError } from './feed-refused-error.js';

const DIGITS = /^\d{1,16}$/;
const EVENT_ID = /^(\d{1,16})\.(\d{1,16})$/;
const MAX_EPOCH = 2 ** 32 - 1;

/**
 * What a client says that it knows: `epoch` and `after` of the query, or the id of the last event that it saw, which a browser's
 * EventSource sends of itself and which is the newer of the two. Undefined where it knows nothing. Throws POSITION_INVALID.
 */
export function feedPosition(query: unknown, lastEventId: string | undefined): JournalPosition | undefined {
  if (lastEventId !== undefined) {
    const [, epoch, sequence] = EVENT_ID.exec(lastEventId) ?? [];
    return position(epoch, sequence);
  }
  const { epoch, after }: { epoch?: unknown; after?: unknown } =
    typeof query === 'object' && query !== null ? query : {};
  return epoch === undefined && after === undefined ? undefined : position(epoch, after);
}

function position(epoch: unknown, after: unknown): JournalPosition {
  const [inEpoch, sequence] = [numberOf(epoch), numberOf(after)];
  if (inEpoch < 1 || inEpoch > MAX_EPOCH) throw new FeedRefusedError('POSITION_INVALID');
  return { epoch: inEpoch, sequence };
}

function numberOf(value: unknown): number {
  const number = typeof value === 'string' && DIGITS.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(number)) throw new FeedRefusedError('POSITION_INVALID');
  return number;
}
