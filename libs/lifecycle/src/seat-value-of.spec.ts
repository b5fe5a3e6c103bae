import { describe, expect, it } from 'vitest';
import { placeHold, releaseHold, seatValueOf, type Standing } from './seat-value-of.js';

const good: Standing = { ended: false, holds: new Set() };
const held: Standing = { ended: false, holds: new Set(['admin']) };
const ended: Standing = { ended: true, holds: new Set() };

describe('seatValueOf', () => {
  it.each([
    { name: 'nothing wrong', certificate: good, device: good, issuer: good, value: 'valid' },
    { name: 'certificate held', certificate: held, device: good, issuer: good, value: 'suspended' },
    { name: 'device held', certificate: good, device: held, issuer: good, value: 'suspended' },
    { name: 'issuer held', certificate: good, device: good, issuer: held, value: 'suspended' },
    { name: 'certificate ended', certificate: ended, device: good, issuer: good, value: 'invalid' },
    { name: 'device closed', certificate: good, device: ended, issuer: good, value: 'invalid' },
    { name: 'issuer ended', certificate: good, device: good, issuer: ended, value: 'invalid' },
    { name: 'certificate ended under a held device', certificate: ended, device: held, issuer: good, value: 'invalid' },
    { name: 'device closed with a held certificate', certificate: held, device: ended, issuer: good, value: 'invalid' },
  ])('$name: $value', ({ value, ...of }) => {
    expect(seatValueOf(of)).toBe(value);
  });

  it('one cause released while another holds: still suspended', () => {
    let holds = placeHold(placeHold(new Set(), 'admin'), 'lineage-fork');
    holds = releaseHold(holds, 'lineage-fork');
    expect(seatValueOf({ certificate: good, device: { ended: false, holds }, issuer: good })).toBe('suspended');
    holds = releaseHold(holds, 'admin');
    expect(seatValueOf({ certificate: good, device: { ended: false, holds }, issuer: good })).toBe('valid');
  });

  it('a cause placed twice, or released without being placed: one hold, no change', () => {
    const once = placeHold(placeHold(new Set(), 'admin'), 'admin');
    expect(releaseHold(once, 'admin').size).toBe(0);
    expect([...releaseHold(once, 'other')]).toEqual(['admin']);
    expect([...once]).toEqual(['admin']);
  });

  it('device released while its certificate is held by the same cause: still suspended', () => {
    const device = { ended: false, holds: releaseHold(held.holds, 'admin') };
    expect(seatValueOf({ certificate: held, device, issuer: good })).toBe('suspended');
  });
});
