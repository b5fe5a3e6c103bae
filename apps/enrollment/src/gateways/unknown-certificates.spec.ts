import { describe, expect, it } from 'vitest';
import { NotAuthenticError } from '../est/est-error.js';
import { AlarmUnknownCertificates, type UnknownCertificateAlarm } from './unknown-certificates.js';

const identity = { realm: 'devices.local', model: 'm', deviceSerial: 'S-1' };
const sighting = { certificate: Uint8Array.of(1), at: 1_800_000_000, source: '192.0.2.1' };

function setup(options: { ours: boolean; admit?: boolean }) {
  const alarms: UnknownCertificateAlarm[] = [];
  const refusals: object[] = [];
  const unknown = new AlarmUnknownCertificates(
    {
      async run([der = Uint8Array.of()]) {
        if (!options.ours) throw new NotAuthenticError('BAD_SIGNATURE');
        return { der, serialNumber: Uint8Array.of(0x54, 0x01), kind: 'ldevid', identity };
      },
    },
    { recordRefusal: async (refusal) => void refusals.push(refusal) },
    { admit: () => options.admit ?? true },
    (alarm) => void alarms.push(alarm),
  );
  return { unknown, alarms, refusals };
}

describe('AlarmUnknownCertificates', () => {
  it('raises the alarm for a certificate that our key signed, and keeps it for people to read', async () => {
    const { unknown, alarms, refusals } = setup({ ours: true });
    await unknown.found(sighting, 'gw-1');
    expect(alarms).toMatchObject([{ gateway: 'gw-1', serialNumber: '5401', ...identity, source: '192.0.2.1' }]);
    expect(refusals).toMatchObject([{ channel: 'gateway', code: 'CERTIFICATE_UNKNOWN', deviceSerial: 'S-1' }]);
  });

  it('raises it as often as it happens, but keeps only what the quota lets', async () => {
    const { unknown, alarms, refusals } = setup({ ours: true, admit: false });
    await unknown.found(sighting, 'gw-1');
    expect([alarms.length, refusals.length]).toEqual([1, 0]);
  });

  it('does not for what a gateway made up', async () => {
    const { unknown, alarms, refusals } = setup({ ours: false });
    await unknown.found(sighting, 'gw-1');
    expect([alarms.length, refusals.length]).toEqual([0, 0]);
  });
});
