import type { RevocationPolicy } from '../revocation/revocation-source.js';
import type { AnchorTerms, Validity } from './anchor-terms.js';
import { KEY_PURPOSES } from './certificate-checks.js';
import type { PathRequest } from './path-request.js';
import type { PolicyInputs } from './policies/valid-policies.js';
import { PROFILES } from './profiles/profile.js';

export const VALIDITIES = ['now', 'when-issued'] as const satisfies readonly Validity[];
const SERIAL_NUMBERS = ['positive', 'any'] as const;
const ANSWERS = ['deny', 'allow'] as const;
const SCOPES = ['path', 'end-entity'] as const;

/**
 * What the compiler does not say to callers in JavaScript: an option outside of what its type allows would mean something, and seldom
 * the stricter of two. Throws TypeError that names the option.
 */
export function checkRequest(request: Omit<PathRequest, 'chain'>): void {
  const { at, maxDepth, trustAnchors, intermediates, purpose, serialNumbers, monotonic } = request;
  // NaN would pass every comparison.
  if (!Number.isFinite(at)) throw new TypeError('at must be UTC seconds');
  if (maxDepth !== undefined && !(Number.isInteger(maxDepth) && maxDepth >= 0)) {
    throw new TypeError('maxDepth must be a number of certificates');
  }
  if (!Array.isArray(trustAnchors)) throw new TypeError('trustAnchors must be a list of certificates');
  if (intermediates !== undefined && !Array.isArray(intermediates)) {
    throw new TypeError('intermediates must be a list of certificates');
  }
  if (typeof purpose !== 'string' || !Object.hasOwn(KEY_PURPOSES, purpose)) {
    throw new TypeError(`purpose must be ${Object.keys(KEY_PURPOSES).join(' or ')}`);
  }
  checkChoice('serialNumbers', serialNumbers, SERIAL_NUMBERS);
  if (monotonic !== undefined && typeof monotonic !== 'function') throw new TypeError('monotonic must be a clock');
  if (typeof request.revocation !== 'object') throw new TypeError('a revocation policy is needed');
  checkTerms(request);
}

/** The same for what may be different at each trust anchor. */
export function checkTerms(terms: AnchorTerms): void {
  checkChoice('validity', terms.validity, VALIDITIES);
  checkChoice('profile', terms.profile, PROFILES);
  checkFlag('requireExtKeyUsage', terms.requireExtKeyUsage);
  if (terms.revocation !== undefined) checkRevocationPolicy(terms.revocation);
  if (terms.certificatePolicies !== undefined) checkPolicyInputs(terms.certificatePolicies);
}

/** `undefined` stands for what is the default. */
export function checkChoice(name: string, value: string | undefined, choices: readonly string[]): void {
  if (value !== undefined && !choices.includes(value)) throw new TypeError(`${name} must be ${choices.join(' or ')}`);
}

function checkFlag(name: string, value: boolean | undefined): void {
  if (value !== undefined && typeof value !== 'boolean') throw new TypeError(`${name} must be true or false`);
}

function checkRevocationPolicy({ sources, scope, whenUnknown, whenStale }: RevocationPolicy): void {
  // An empty list would make `whenUnknown: 'allow'` accept everything without a word.
  if (!Array.isArray(sources) || sources.length === 0) throw new TypeError('a revocation policy needs a source');
  checkChoice('scope', scope, SCOPES);
  checkChoice('whenUnknown', whenUnknown, ANSWERS);
  checkChoice('whenStale', whenStale, ANSWERS);
}

function checkPolicyInputs({ acceptable, requireExplicit, inhibitMapping, inhibitAnyPolicy }: PolicyInputs): void {
  if (acceptable !== undefined && !Array.isArray(acceptable))
    throw new TypeError('acceptable must be a list of policies');
  checkFlag('requireExplicit', requireExplicit);
  checkFlag('inhibitMapping', inhibitMapping);
  checkFlag('inhibitAnyPolicy', inhibitAnyPolicy);
}
