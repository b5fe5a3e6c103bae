/** Operations of RFC 7030 section 3.2.2, with the method of each. They are reserved: none of them can be a label. */
export const estMethods = {
  cacerts: 'GET',
  simpleenroll: 'POST',
  simplereenroll: 'POST',
  csrattrs: 'GET',
  serverkeygen: 'POST',
  fullcmc: 'POST',
} as const;

export type EstOperation = keyof typeof estMethods;

/** What an EST path asks for. */
export interface EstPath {
  /** The optional segment that selects a policy; absent for the default one. */
  readonly label?: string;
  readonly operation: EstOperation;
}

const PREFIX = '/.well-known/est/';
// Unreserved characters only (RFC 3986 section 2.3), so that a label has one spelling. libest stops at 128.
const LABEL = /^[A-Za-z0-9._~-]{1,128}$/;

/**
 * Reads the path of an EST request, without its query, as it stood in the request line. `undefined` for anything that
 * is not an operation, with or without one label in front of it.
 */
export function parseEstPath(path: string): EstPath | undefined {
  if (!path.startsWith(PREFIX)) return undefined;
  const segments = path.slice(PREFIX.length).split('/');
  const operation = segments.pop();
  if (operation === undefined || !isEstOperation(operation)) return undefined;
  if (segments.length === 0) return { operation };
  const [label, ...more] = segments;
  return label !== undefined && more.length === 0 && isEstLabel(label) ? { label, operation } : undefined;
}

/** Whether text can be an EST label: one path segment that is no operation. */
export function isEstLabel(text: string): boolean {
  return LABEL.test(text) && text !== '.' && text !== '..' && !isEstOperation(text);
}

export function isEstOperation(text: string): text is EstOperation {
  return Object.hasOwn(estMethods, text);
}
