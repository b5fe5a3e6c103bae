import { type AuthorityDescription, CaUnavailableError } from '@touchmark/ca-port';
import { TestCa } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';
import { Authorities } from './authorities.js';

const root = TestCa.root();
const ldevid = root.issueCa({ subject: 'LDevID CA' });
const idevid = root.issueCa({ subject: 'IDevID CA' });
const described = (...kinds: ('root' | 'ldevid' | 'idevid')[]): AuthorityDescription[] =>
  kinds.map((kind) => ({ id: kind, kind, certificate: Uint8Array.from({ root, ldevid, idevid }[kind].der) }));

/** A CA that answers, in turn, with these; an error is thrown. */
function setup(...answers: (AuthorityDescription[] | Error)[]) {
  const world = { now: 1000, asked: 0 };
  const describeAuthorities = async (): Promise<AuthorityDescription[]> => {
    const answer = answers[Math.min(world.asked, answers.length - 1)] ?? [];
    world.asked += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { world, authorities: new Authorities({ describeAuthorities }, () => world.now) };
}

describe('Authorities', () => {
  it('asked many times within a minute: the CA is asked once', async () => {
    const { world, authorities } = setup(described('root', 'ldevid'));
    const [a, b] = await Promise.all([authorities.current(), authorities.current()]);
    world.now += 59;
    expect(await authorities.current()).toBe(a);
    expect(b).toBe(a);
    expect(world.asked).toBe(1);
  });

  it('nothing changed after a minute: the same objects, so that the verifier keeps what it knows of them', async () => {
    const { world, authorities } = setup(described('root', 'ldevid'));
    const before = await authorities.current();
    world.now += 60;
    expect(await authorities.current()).toBe(before);
    expect(world.asked).toBe(2);
  });

  it('a new issuing CA: known after a minute, and the others stay the same objects', async () => {
    const { world, authorities } = setup(described('root', 'ldevid'), described('root', 'ldevid', 'idevid'));
    const before = await authorities.current();
    world.now += 60;
    const after = await authorities.current();
    expect(after.map(({ kind }) => kind)).toEqual(['root', 'ldevid', 'idevid']);
    expect(after.slice(0, 2).every((authority, i) => authority === before[i])).toBe(true);
  });

  it('the CA goes away: what is known still holds, and it is asked again', async () => {
    const gone = new CaUnavailableError(new Error('gone'));
    const { world, authorities } = setup(described('root'), gone, described('root', 'ldevid'));
    const before = await authorities.current();
    world.now += 60;
    expect(await authorities.current()).toBe(before);
    expect(await authorities.current()).toHaveLength(2);
  });

  it('the CA is away from the beginning: CA_UNAVAILABLE', async () => {
    const { authorities } = setup(new CaUnavailableError(new Error('gone')));
    await expect(authorities.current()).rejects.toMatchObject({ code: 'CA_UNAVAILABLE' });
  });
});
