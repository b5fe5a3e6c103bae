import { CaUnavailableError, deviceRefOf } from '@touchmark/ca-port';
import { EstError } from '@touchmark/est';
import { describe, expect, it } from 'vitest';
import { EnrollmentError } from '../enrollment-error.js';
import { RefusalQuota } from '../refusal-quota.js';
import { EnrollmentRefusedError, NotAuthenticError } from './est-error.js';
import { Refusals } from './refusals.js';

const device = { realm: 'devices.local', model: 'sensor', deviceSerial: 'SN-1' };
const spent = EnrollmentError.fromRefusal({ ok: false, code: 'WARRANT_SPENT', detail: 'spent' });

function setup(failure?: Error) {
  const world = { kept: [] as unknown[], errors: [] as unknown[] };
  const recordRefusal = async (refusal: unknown): Promise<void> => {
    if (failure) throw failure;
    world.kept.push(refusal);
  };
  const refusals = new Refusals({ recordRefusal }, new RefusalQuota(() => 600), (error) => world.errors.push(error));
  const refuse = (error: Error, known = true): Promise<unknown> =>
    refusals.watch('192.0.2.1', async (attempt) => {
      if (known) attempt.device = device;
      throw error;
    });
  return { world, refusals, refuse };
}

describe('Refusals', () => {
  it('an enrolment that succeeds: its result, and nothing is kept', async () => {
    const { world, refusals } = setup();
    expect(await refusals.watch('192.0.2.1', () => Promise.resolve(7))).toBe(7);
    expect(world.kept).toEqual([]);
  });

  it('a refusal: kept with device, rule and source, and passed on', async () => {
    const { world, refuse } = setup();
    await expect(refuse(spent)).rejects.toBe(spent);
    const names = { deviceRef: deviceRefOf(device), deviceSerial: 'SN-1' };
    expect(world.kept).toEqual([
      { channel: 'est', code: 'WARRANT_SPENT', detail: 'spent', ...names, source: '192.0.2.1' },
    ]);
  });

  it.each([
    new NotAuthenticError('CERT_EXPIRED'),
    new EnrollmentRefusedError('LABEL_UNKNOWN'),
    new EstError('BODY_EMPTY'),
  ])('%s: kept', async (error) => {
    const { world, refuse } = setup();
    await expect(refuse(error)).rejects.toBe(error);
    expect(world.kept).toHaveLength(1);
  });

  it.each([new NotAuthenticError('CREDENTIALS_MISSING'), new CaUnavailableError(undefined), new Error('bug')])(
    '%s is no refusal: not kept',
    async (error) => {
      const { world, refuse } = setup();
      await expect(refuse(error)).rejects.toBe(error);
      expect(world.kept).toEqual([]);
    },
  );

  it('beyond the quota: passed on, and not kept', async () => {
    const { world, refuse } = setup();
    for (let i = 0; i < 15; i += 1) await expect(refuse(spent)).rejects.toBe(spent);
    expect(world.kept).toHaveLength(10);
    const unknown = new NotAuthenticError('ENROLLMENT_TOKEN_UNKNOWN');
    for (let i = 0; i < 70; i += 1) await expect(refuse(unknown, false)).rejects.toBe(unknown);
    expect(world.kept).toHaveLength(70);
  });

  it('no room to keep it: the device still learns why it was refused', async () => {
    const gone = new Error('gone');
    const { world, refuse } = setup(gone);
    await expect(refuse(spent)).rejects.toBe(spent);
    expect(world.errors).toEqual([gone]);
  });
});
