import { CliError } from '../cli-error.js';
import type { BatchRequest } from './input.js';
import type { ResultsFile } from './results-file.js';
import type { Tally } from './tally.js';

/**
 * The requests that nobody has answered yet: passes over those that have a result, and checks on the way that the results are of
 * these requests. Throws BATCH_MISMATCH.
 */
export async function* unanswered(
  requests: AsyncGenerator<BatchRequest>,
  results: ResultsFile,
  tally: Tally,
): AsyncGenerator<BatchRequest> {
  for await (const result of results.read()) {
    const { value: request } = await requests.next();
    const same = request && request.line === result.line && request.deviceSerial === result.deviceSerial;
    if (!same) {
      const where = `line ${result.line} (${result.deviceSerial ?? 'no serial'})`;
      throw new CliError('BATCH_MISMATCH', `${results.path} is of another file: it has a result for ${where}`, {
        hint: 'Give the file that it belongs to, or another --results.',
      });
    }
    tally.resumed(result);
  }
  yield* requests;
}
