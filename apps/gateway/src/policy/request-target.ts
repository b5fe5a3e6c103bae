/** A request target that everyone reads in the same way. */
export interface RequestTarget {
  /** Decoded segments of the path; a path that ends in a slash has an empty last one. */
  readonly segments: readonly string[];
  /** The target in one spelling, query as it came: what the upstream gets is what was authorized. */
  readonly canonical: string;
}

const MAX_LENGTH = 8_192;
// RFC 3986 section 3.3 without `;`, whose parameters some servers drop from a segment and some do not
const PATH = /^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-Fa-f]{2})*)+$/;
const QUERY = /^[\x21\x24-\x7e]*$/;
/** What, once decoded, would make another path of it: control characters, separators, and the beginnings of escape, query, fragment. */
// oxlint-disable-next-line no-control-regex
const MEANINGFUL = /[\x00-\x1f\x7f-\x9f/\\;%?#]/;

/**
 * Reads a request target in origin form (RFC 9112 section 3.2.1). Undefined where two servers might read it differently: dot segments,
 * empty segments, escaped separators, double escapes, octets that are no UTF-8, and all other forms.
 */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  if (target.length > MAX_LENGTH) return undefined;
  const end = target.indexOf('?');
  const path = end < 0 ? target : target.slice(0, end);
  const query = end < 0 ? '' : target.slice(end + 1);
  if (!PATH.test(path) || !QUERY.test(query)) return undefined;
  const segments: string[] = [];
  for (const text of path.slice(1).split('/')) {
    const segment = decode(text);
    if (segment === undefined || MEANINGFUL.test(segment) || segment === '.' || segment === '..') return undefined;
    segments.push(segment);
  }
  if (segments.slice(0, -1).includes('')) return undefined;
  const canonical = segments.map((segment) => `/${encode(segment)}`).join('');
  return { segments, canonical: end < 0 ? canonical : `${canonical}?${query}` };
}

/** Undefined for octets that are no UTF-8 (overlong forms and surrogates among them). */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** RFC 3986 section 6.2.2: only what must be escaped is, in upper case. */
const encode = (segment: string): string =>
  encodeURIComponent(segment).replaceAll(/%(?:24|26|2B|2C|3A|3D|40)/g, (escape) => decodeURIComponent(escape));
