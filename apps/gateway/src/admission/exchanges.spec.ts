import { describe, expect, it } from 'vitest';
import { type EndedBecause, Exchanges } from './exchanges.js';

const device = { realm: 'a.local', model: 'm', deviceSerial: 'S-1' };

function setup() {
  /** By the first segment of the path. */
  const reasons = new Map<string, EndedBecause>();
  const ended: EndedBecause[] = [];
  const destroyed: string[] = [];
  const exchanges = new Exchanges({
    perDevice: 2,
    whyNot: ({ question }) => reasons.get(question.segments[0] ?? ''),
    onEnded: (because) => ended.push(because),
  });
  const add = (name: string, of = device) => {
    const connection = {
      destroy() {
        destroyed.push(name);
        return this;
      },
    };
    const question = { method: 'GET', segments: [name], upgrade: false };
    // of a connection only its end is needed
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return exchanges.add({ connection: connection as never, question, device: of });
  };
  return { exchanges, reasons, ended, destroyed, add };
}

describe('Exchanges', () => {
  it('ends those that may not go on, once, and says why', () => {
    const { exchanges, reasons, ended, destroyed, add } = setup();
    add('strict');
    add('lenient');
    expect(exchanges.recheck()).toBe(0);
    reasons.set('strict', 'STATUS_STALE');
    expect(exchanges.recheck()).toBe(1);
    expect(exchanges.recheck()).toBe(0);
    expect(destroyed).toEqual(['strict']);
    expect(ended).toEqual(['STATUS_STALE']);
    expect(exchanges.connections().size).toBe(1);
  });

  it('ends at once what was decided before things changed', () => {
    const { exchanges, reasons, ended, destroyed, add } = setup();
    reasons.set('late', 'POLICY_CHANGED');
    add('late');
    expect(destroyed).toEqual(['late']);
    expect(ended).toEqual(['POLICY_CHANGED']);
    expect(exchanges.size).toBe(0);
  });

  it('gives a device so many at a time, and no other device less', () => {
    const { exchanges, add } = setup();
    const first = add('a');
    expect(add('b')).toBeDefined();
    expect(add('c')).toBeUndefined();
    expect(exchanges.size).toBe(2);
    expect(add('c', { ...device, deviceSerial: 'S-2' })).toBeDefined();
    first?.();
    first?.();
    expect(add('c')).toBeDefined();
    expect(add('d')).toBeUndefined();
  });

  it('leaves alone what is over', () => {
    const { exchanges, reasons, destroyed, add } = setup();
    add('done')?.();
    reasons.set('done', 'STATUS_STALE');
    expect(exchanges.recheck()).toBe(0);
    expect(destroyed).toEqual([]);
  });
});
