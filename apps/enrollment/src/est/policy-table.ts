import type { EnrollmentPolicy, PolicyByLabel } from './enrollment-policy.js';

/** Seconds for which a policy is taken as it was read: how long a model may enrol on after it was taken off the policy. */
const KEPT_FOR = 3;

/** Port: every enrollment policy. */
export interface ReadPolicies {
  readPolicies(): Promise<readonly EnrollmentPolicy[]>;
}

/**
 * The enrollment policies, read together. What is not among them is looked for anew, so that a new policy serves at once;
 * all who ask while a look is under way share the next one, so nobody can make the database do more than one at a time.
 */
export class PolicyTable implements PolicyByLabel {
  private readonly source: ReadPolicies;
  private readonly now: () => number;
  private policies: readonly EnrollmentPolicy[] = [];
  private readAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(source: ReadPolicies, now: () => number) {
    this.source = source;
    this.now = now;
  }

  policyByLabel(label: string | null): Promise<EnrollmentPolicy | undefined> {
    return this.find((policy) => policy.label === label);
  }

  policyById(id: string): Promise<EnrollmentPolicy | undefined> {
    return this.find((policy) => policy.id === id);
  }

  private async find(wanted: (policy: EnrollmentPolicy) => boolean): Promise<EnrollmentPolicy | undefined> {
    const fresh = Math.abs(this.now() - this.readAt) < KEPT_FOR;
    const known = fresh ? this.policies.find(wanted) : undefined;
    if (known !== undefined) return known;
    await this.look();
    return this.policies.find(wanted);
  }

  /** Resolves after a look that began now or later. */
  private look(): Promise<void> {
    if (this.reading === undefined) {
      this.reading = this.read().finally(() => {
        this.reading = undefined;
      });
      return this.reading;
    }
    this.next ??= this.lookAfter(this.reading);
    return this.next;
  }

  private async lookAfter(reading: Promise<void>): Promise<void> {
    await reading.catch(() => undefined);
    this.next = undefined;
    await this.look();
  }

  private async read(): Promise<void> {
    const at = this.now();
    this.policies = await this.source.readPolicies();
    this.readAt = at;
  }
}
