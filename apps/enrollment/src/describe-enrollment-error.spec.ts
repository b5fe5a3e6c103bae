import { caRefusalCodes, CaUnavailableError } from '@touchmark/ca-port';
import { StoreError } from '@touchmark/store';
import { describe, expect, it } from 'vitest';
import { EnrollmentError } from './enrollment-error.js';
import { describeEnrollmentError } from './describe-enrollment-error.js';

describe('describeEnrollmentError', () => {
  it.each(caRefusalCodes)('knows the CA’s %s', (code) => {
    const description = describeEnrollmentError(EnrollmentError.fromRefusal({ ok: false, code, detail: '' }));
    expect(description?.status).toBeGreaterThanOrEqual(400);
    expect(description?.title).not.toBe('');
  });

  it('calls for a retry when the CA or the database is away', () => {
    expect(describeEnrollmentError(new CaUnavailableError(undefined))?.status).toBe(503);
    expect(describeEnrollmentError(new StoreError('STORE_UNAVAILABLE', undefined))?.status).toBe(503);
  });

  it('says nothing about what the database refused otherwise', () => {
    expect(describeEnrollmentError(new StoreError('STORE_DUPLICATE', undefined, 'secret_rule'))).toBeUndefined();
  });
});
