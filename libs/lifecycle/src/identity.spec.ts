import { describe, expect, it } from 'vitest';
import { isDeviceSerial, isModel, isRealm } from './identity.js';

const UUID = '0198c0de-1234-7abc-8def-0123456789ab';

describe('names', () => {
  it.each(['devices.local', 'a', '0-9', 'x'.repeat(63)])('realm %j: accepted', (text) => {
    expect(isRealm(text)).toBe(true);
  });

  it.each([
    '',
    'Devices.local',
    'a_b',
    '.',
    '..',
    'a..b',
    '.a',
    'a.',
    `${'x'.repeat(63)}.`,
    'a/b',
    'x'.repeat(64),
    'a\n',
    'ä',
  ])('realm %j: refused', (text) => {
    expect(isRealm(text)).toBe(false);
  });

  it.each(['', 'Pump', 'pump.v2', 'pump v2', 'x'.repeat(64), 'pump\n'])('model %j: refused', (text) => {
    expect(isModel(text)).toBe(false);
  });

  it.each(['A1', 'sn-0001.B', '...', '-', 'Z'.repeat(64), `${UUID}0`, UUID.slice(1), UUID.replaceAll('-', '')])(
    'deviceSerial %j: accepted',
    (text) => {
      expect(isDeviceSerial(text)).toBe(true);
    },
  );

  it.each([
    '',
    '.',
    '..',
    'a/b',
    'a b',
    'a_b',
    '\u017f',
    '\u212a',
    'Z'.repeat(65),
    'A1\n',
    '%41',
    UUID,
    UUID.toUpperCase(),
  ])('deviceSerial %j: refused', (text) => {
    expect(isDeviceSerial(text)).toBe(false);
  });
});
