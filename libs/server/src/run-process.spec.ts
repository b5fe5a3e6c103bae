import { describe, expect, it } from 'vitest';
import { failureText } from './run-process.js';

class Refused extends Error {
  readonly code = 'REFUSED';
}

describe('what a process says when it fails', () => {
  it('names the code after the sentence, once', () => {
    expect(failureText(new Refused('that may not be'))).toBe('that may not be (REFUSED)');
    expect(failureText(new Refused('that may not be (REFUSED)'))).toBe('that may not be (REFUSED)');
  });

  it('prefers the words of a refusal to its code, and adds the cause', () => {
    const refusal = Object.assign(new Refused('REFUSED', { cause: new Error('the disk is full') }), { detail: 'no' });
    expect(failureText(refusal)).toBe('no (REFUSED)\n  because: the disk is full');
  });
});
