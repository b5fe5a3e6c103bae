// The last word of `.ci/run`: vitest's JSON report in one line, and its verdict as the exit code.
// usage: node scripts/test-summary.mjs <report.json>
import { readFileSync } from 'node:fs';

let report;
try {
  report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
} catch {
  console.log('The test runner left no report.\n0 passed, 1 failed');
  process.exit(1);
}

for (const file of report.testResults.filter(({ status }) => status === 'failed')) {
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  if (failed.length === 0) console.log(`FAIL ${file.name} (${file.message.split('\n')[0] || 'did not load'})`);
  for (const test of failed) console.log(`FAIL ${file.name}: ${test.fullName}`);
}

// A file that does not load, or whose set-up fails, has no failed test, yet is a failure.
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
).length;
// An error outside any test (an unhandled rejection, a global set-up that fails) fails the run and nothing in it.
const failed = report.numFailedTests + brokenFiles || (report.success ? 0 : 1);
const skipped = report.numPendingTests + report.numTodoTests;
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 ? 1 : 0);
