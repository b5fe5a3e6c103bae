import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../policy/parse-policy.js';
import { Exchanges } from './exchanges.js';

const route = (name: string) => ({ name, rate: undefined, maxBody: undefined, whenStale: undefined });
const device = { realm: 'a.local', model: 'm', deviceSerial: 'S-1' };

const whenStale = ({ name }: { name: string }) => (name === 'lenient' ? 'allow' : 'deny');

function setup() {
  const exchanges = new Exchanges();
  const destroyed: string[] = [];
  const add = (name: string) => {
    const connection = {
      destroy() {
        destroyed.push(name);
        return this;
      },
    };
    const question = { method: 'GET', segments: [name], upgrade: false };
    // of a connection only its end is needed
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return exchanges.add({ connection: connection as never, question, device, route: route(name) });
  };
  return { exchanges, destroyed, add };
}

describe('Exchanges', () => {
  it('ends those whose route denies what is stale, once', () => {
    const { exchanges, destroyed, add } = setup();
    add('strict');
    add('lenient');
    expect(exchanges.endStale(whenStale)).toBe(1);
    expect(exchanges.endStale(whenStale)).toBe(0);
    expect(destroyed).toEqual(['strict']);
    expect(exchanges.size).toBe(1);
  });

  it('ends those that another policy does not allow', () => {
    const { exchanges, destroyed, add } = setup();
    add('kept');
    add('gone');
    const rule = '{ name: kept, path: /kept, methods: [GET], allow: [{ model: m }] }';
    expect(exchanges.endForbidden(parsePolicy(`realm: a.local\nroutes: [${rule}]`, 'policy.yaml'))).toBe(1);
    expect(destroyed).toEqual(['gone']);
  });

  it('leaves alone what is over', () => {
    const { exchanges, destroyed, add } = setup();
    add('done')();
    expect(exchanges.endStale(() => 'deny')).toBe(0);
    expect(destroyed).toEqual([]);
  });
});
