import { describe, expect, it } from 'vitest';
import { toStoreError } from './store-error.js';

const failed = (fields: object): string => toStoreError(Object.assign(new Error('failed'), fields)).code;

describe('toStoreError', () => {
  it('is a conflict, to be tried again, where no partition takes a row; a broken check is a fault', () => {
    expect(failed({ code: '23514' })).toBe('STORE_CONFLICT');
    expect(failed({ code: '23514', constraint: 'status_list_state_check' })).toBe('STORE_FAILED');
  });
});
