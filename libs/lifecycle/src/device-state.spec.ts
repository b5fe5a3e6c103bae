import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  DEVICE_EVENTS,
  DEVICE_STATES,
  deviceStateTable,
  isDeviceState,
  nextDeviceState,
  type DeviceEvent,
  type DeviceState,
} from './device-state.js';

const document = readFileSync(new URL('../../../docs/device-lifecycle.md', import.meta.url), 'utf8');

/** Every row of the document's state table as `state/event` → cell. */
function documentedCells(): Record<string, string> {
  const rows = document
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replaceAll(/[`*]/g, '').trim()),
    );
  const header = rows.find((row) => row[0] === 'event \\ state') ?? [];
  const cells: Record<string, string> = {};
  for (const [event, ...columns] of rows) {
    if (!DEVICE_EVENTS.some((name) => name === event)) continue;
    for (const [at, cell] of columns.entries()) cells[`${header[at + 1]}/${event}`] = cell;
  }
  return cells;
}

describe('the device state table', () => {
  it('the document and the code hold the same cells', () => {
    const coded = Object.fromEntries(
      DEVICE_STATES.flatMap((state) =>
        DEVICE_EVENTS.map((event) => [`${state}/${event}`, deviceStateTable[state][event]]),
      ),
    );
    expect(documentedCells()).toEqual(coded);
    expect(Object.keys(coded)).toHaveLength(DEVICE_STATES.length * DEVICE_EVENTS.length);
  });

  const moves: [DeviceState, DeviceEvent, DeviceState][] = [
    ['registered', 'provision', 'provisioned'],
    ['registered', 'suspend', 'suspended'],
    ['registered', 'revoke', 'revoked'],
    ['registered', 'retire', 'retired'],
    ['provisioned', 'issue', 'provisioned'],
    ['provisioned', 'sight', 'active'],
    ['provisioned', 'suspend', 'suspended'],
    ['provisioned', 'revoke', 'revoked'],
    ['provisioned', 'retire', 'retired'],
    ['active', 'issue', 'active'],
    ['active', 'sight', 'active'],
    ['active', 'suspend', 'suspended'],
    ['active', 'revoke', 'revoked'],
    ['active', 'retire', 'retired'],
    ['suspended', 'sight', 'suspended'],
    ['suspended', 'suspend', 'suspended'],
    ['suspended', 'release', 'active'],
    ['suspended', 'revoke', 'revoked'],
    ['suspended', 'retire', 'retired'],
    ['revoked', 'sight', 'revoked'],
    ['revoked', 'revoke', 'revoked'],
    ['revoked', 'recommission', 'registered'],
    ['retired', 'sight', 'retired'],
    ['retired', 'revoke', 'revoked'],
    ['retired', 'retire', 'retired'],
    ['retired', 'recommission', 'registered'],
  ];

  it.each(moves)('%s, %s: %s', (state, event, next) => {
    expect(nextDeviceState(state, event)).toEqual({ ok: true, state: next });
  });

  const refusals: [DeviceState, DeviceEvent, string][] = [
    ['registered', 'issue', 'DEVICE_NOT_PROVISIONED'],
    ['registered', 'sight', 'DEVICE_NOT_PROVISIONED'],
    ['registered', 'release', 'DEVICE_NOT_SUSPENDED'],
    ['registered', 'recommission', 'DEVICE_NOT_CLOSED'],
    ['provisioned', 'provision', 'DEVICE_ALREADY_PROVISIONED'],
    ['provisioned', 'release', 'DEVICE_NOT_SUSPENDED'],
    ['provisioned', 'recommission', 'DEVICE_NOT_CLOSED'],
    ['active', 'provision', 'DEVICE_ALREADY_PROVISIONED'],
    ['active', 'release', 'DEVICE_NOT_SUSPENDED'],
    ['active', 'recommission', 'DEVICE_NOT_CLOSED'],
    ['suspended', 'provision', 'DEVICE_SUSPENDED'],
    ['suspended', 'issue', 'DEVICE_SUSPENDED'],
    ['suspended', 'recommission', 'DEVICE_NOT_CLOSED'],
    ['revoked', 'provision', 'DEVICE_REVOKED'],
    ['revoked', 'issue', 'DEVICE_REVOKED'],
    ['revoked', 'suspend', 'DEVICE_REVOKED'],
    ['revoked', 'release', 'DEVICE_REVOKED'],
    ['revoked', 'retire', 'DEVICE_REVOKED'],
    ['retired', 'provision', 'DEVICE_RETIRED'],
    ['retired', 'issue', 'DEVICE_RETIRED'],
    ['retired', 'suspend', 'DEVICE_RETIRED'],
    ['retired', 'release', 'DEVICE_RETIRED'],
  ];

  it.each(refusals)('%s, %s: refused with %s', (state, event, code) => {
    expect(nextDeviceState(state, event)).toEqual({ ok: false, code });
  });

  it('the two lists above name every cell once', () => {
    const named = [...moves, ...refusals].map(([state, event]) => `${state}/${event}`);
    expect(new Set(named).size).toBe(named.length);
    expect(named).toHaveLength(DEVICE_STATES.length * DEVICE_EVENTS.length);
  });

  it.each(['registered', 'provisioned', 'active'] as const)('held while %s, released: %s again', (before) => {
    expect(nextDeviceState(before, 'suspend')).toEqual({ ok: true, state: 'suspended' });
    expect(nextDeviceState('suspended', 'release', before)).toEqual({ ok: true, state: before });
  });

  it('a refusal code is no state', () => {
    expect(isDeviceState('DEVICE_REVOKED')).toBe(false);
    expect(isDeviceState('revoked')).toBe(true);
  });
});
