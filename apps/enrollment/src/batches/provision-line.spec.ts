import { describe, expect, it } from 'vitest';
import { parseProvisionLine } from './provision-line.js';

const UUID = '0198C0DE-1234-7abc-8def-0123456789ab';
const parse = (line: string | Uint8Array) => parseProvisionLine(Buffer.from(line));
const json = (value: unknown) => parse(JSON.stringify(value));

describe('parseProvisionLine', () => {
  it('reads a serial and the octets of a request', () => {
    expect(json({ deviceSerial: 'SN-1', csr: 'AQID' })).toEqual({
      ok: true,
      deviceSerial: 'SN-1',
      csr: new Uint8Array([1, 2, 3]),
    });
  });

  it.each([
    ['not JSON', '{"deviceSerial":'],
    ['not an object', '7'],
    ['null', 'null'],
    ['a list', '[]'],
    ['without csr', '{"deviceSerial":"a"}'],
    ['with an unknown field', '{"deviceSerial":"a","csr":"AQID","model":"m"}'],
    ['with a number for a serial', '{"deviceSerial":7,"csr":"AQID"}'],
    ['with the prototype for a field', '{"deviceSerial":"a","csr":"AQID","__proto__":{}}'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('refuses a line that is %s', (_name, line) => {
    expect(parse(line)).toMatchObject({ ok: false, code: 'LINE_MALFORMED' });
  });

  it.each(['', '.', '..', 'a b', 'ä', 'a/b', 'x'.repeat(65), UUID])('refuses the deviceSerial %j', (deviceSerial) => {
    expect(json({ deviceSerial, csr: 'AQID' })).toMatchObject({ ok: false, code: 'DEVICE_SERIAL_INVALID' });
  });

  it.each(['', 'AQI', 'AQ-_', 'AQID\n', 'AQ=D', '====', '-----BEGIN'])('refuses the csr %j', (csr) => {
    expect(json({ deviceSerial: 'a', csr })).toMatchObject({ ok: false, code: 'CSR_NOT_BASE64', deviceSerial: 'a' });
  });

  it('names the device of a malformed line where the line does', () => {
    expect(json({ deviceSerial: 'SN-1', csr: 'AQID', more: 1 })).toMatchObject({ deviceSerial: 'SN-1' });
    expect(json({ csr: 'AQID' })).toMatchObject({ deviceSerial: null });
  });
});
