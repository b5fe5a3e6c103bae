import { CliError } from '../cli-error.js';
import type { BatchRequest } from './input.js';
import type { IssuedCheck } from './issued-check.js';
import type { ResultsFile } from './results-file.js';
import type { Tally } from './tally.js';

/**
 * The requests that nobody has answered yet: passes over those that have a result, and checks on the way that the results are of
 * these requests and the certificates for their keys. Throws BATCH_MISMATCH.
 */
export async function* unanswered(
  requests: AsyncGenerator<BatchRequest>,
  results: ResultsFile,
  check: Pick<IssuedCheck, 'faultOf'>,
  tally: Tally,
): AsyncGenerator<BatchRequest> {
  for await (const result of results.read()) {
    const { value: request } = await requests.next();
    const where = `line ${result.line} (${result.deviceSerial ?? 'no serial'})`;
    if (request?.line !== result.line || request.deviceSerial !== result.deviceSerial) {
      throw new CliError('BATCH_MISMATCH', `${results.path} is of another file: it has a result for ${where}`, {
        hint: 'Give the file that it belongs to, or another --results.',
      });
    }
    const fault = 'error' in result ? undefined : check.faultOf(request.csr, result);
    if (fault !== undefined) {
      throw new CliError('BATCH_MISMATCH', `${results.path} is of other requests, see ${where}: ${fault}`, {
        hint: 'Give the file that it belongs to. Where keys were made anew, move these results away to begin anew.',
      });
    }
    tally.resumed(result);
  }
  yield* requests;
}
