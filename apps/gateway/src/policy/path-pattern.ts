/** Parameters of a path that are not free: their segment must be what the certificate says. */
export const identityParameters = ['realm', 'model', 'deviceSerial'] as const;
export type IdentityParameter = (typeof identityParameters)[number];

type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'identity'; readonly of: IdentityParameter }
  | { readonly kind: 'any' };

/** A path of the policy file, compiled. */
export interface PathPattern {
  readonly parts: readonly Part[];
  /** True where it ends in `**`: at least one more segment follows, of any number. */
  readonly rest: boolean;
}

const LITERAL = /^[A-Za-z0-9\-._~!$&'()+,=:@]+$/;
const PARAMETER = /^\{([A-Za-z][A-Za-z0-9]*)\}$/;
const REST = '**';

/** `/devices/{deviceSerial}/files/**`; undefined for a path that is no pattern. */
export function parsePathPattern(path: string): PathPattern | undefined {
  if (!path.startsWith('/')) return undefined;
  const texts = path.slice(1).split('/');
  const rest = texts.at(-1) === REST;
  const parts: Part[] = [];
  for (const [i, text] of (rest ? texts.slice(0, -1) : texts).entries()) {
    const part = parsePart(text, i === texts.length - 1);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return { parts, rest };
}

function parsePart(text: string, last: boolean): Part | undefined {
  const name = PARAMETER.exec(text)?.[1];
  const of = identityParameters.find((parameter) => parameter === name);
  if (of !== undefined) return { kind: 'identity', of };
  if (name !== undefined) return { kind: 'any' };
  const fits = (LITERAL.test(text) && text !== '.' && text !== '..') || (text === '' && last);
  return fits ? { kind: 'literal', text } : undefined;
}

/** What a matching path says about who it belongs to; undefined where the pattern does not match. */
export type MatchedIdentity = Readonly<Partial<Record<IdentityParameter, string>>>;

export function matchPath(pattern: PathPattern, segments: readonly string[]): MatchedIdentity | undefined {
  const { parts, rest } = pattern;
  if (rest ? segments.length <= parts.length : segments.length !== parts.length) return undefined;
  const identity: Partial<Record<IdentityParameter, string>> = {};
  for (const [i, part] of parts.entries()) {
    const segment = segments[i] ?? '';
    switch (part.kind) {
      case 'literal':
        if (segment !== part.text) return undefined;
        break;
      case 'any':
        if (segment === '') return undefined;
        break;
      case 'identity':
        // twice in one path: both must be the same
        if (segment === '' || (identity[part.of] ?? segment) !== segment) return undefined;
        identity[part.of] = segment;
        break;
      default:
        return part satisfies never;
    }
  }
  return identity;
}
