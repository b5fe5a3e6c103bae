import { describe, expect, it } from 'vitest';
import { checkNodeVersion } from './node-version.js';

describe('checkNodeVersion', () => {
  it.each(['24.0.0', '24.21.0', '26.1.0', process.versions.node])('takes %s', (version) => {
    expect(() => checkNodeVersion(version)).not.toThrow();
  });

  it.each(['18.20.4', '20.19.5', '22.22.0', '23.11.1', ''])('refuses %j', (version) => {
    expect(() => checkNodeVersion(version)).toThrow(expect.objectContaining({ code: 'NODE_TOO_OLD' }));
  });
});
