import { graphCases } from './bettertls-graphs.js';
import { nameCases } from './bettertls-names.js';
import { crlCases } from './crls.js';
import type { OwnCase } from './own-case.js';
import { pathCases } from './paths.js';
import { nameConstraintCases } from './rfc5280-names.js';
import { rfc5280Cases } from './rfc5280.js';
import { webpkiCases } from './webpki.js';

/** Each combination of names and constraints in how many: 53 of the 8,748, prime to every axis of them. */
const STEP = 167;

/** All cases of ours; of BetterTLS' combinations each `step`th. */
export function ownCases(step = STEP): readonly OwnCase[] {
  return [
    ...rfc5280Cases,
    ...nameConstraintCases,
    ...pathCases,
    ...crlCases,
    ...webpkiCases,
    ...graphCases,
    ...nameCases(step),
  ];
}
