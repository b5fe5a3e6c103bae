import { createHash } from 'node:crypto';

const REMEMBERED = 64;

/** Verdicts on certificates. Each holds for the second in which it was made, whichever it is, and is made once for all who ask. */
export class Verdicts<Verdict> {
  private readonly made = new Map<string, { readonly at: number; readonly verdict: Promise<Verdict> }>();

  /** `certificate` is DER, `at` in UTC seconds. */
  of(certificate: Uint8Array, at: number, decide: () => Promise<Verdict>): Promise<Verdict> {
    const name = createHash('sha256').update(certificate).digest('base64');
    const known = this.made.get(name);
    if (known?.at === at) return known.verdict;
    const verdict = decide();
    if (this.made.size >= REMEMBERED) this.made.clear();
    this.made.set(name, { at, verdict });
    return verdict;
  }
}
