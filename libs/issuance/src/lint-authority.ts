import { MAX_TIME } from '@touchmark/der';

import type { IssuingCaKind, Profile } from './profile.js';
import type { TemplateFacts } from './template-facts.js';

type Rule = (facts: TemplateFacts) => boolean;

interface Competence {
  readonly names: ReadonlySet<Profile['subjectAltName'][number]>;
  readonly purposes: ReadonlySet<Profile['extKeyUsage'][number]>;
}

const LONGEST_OCSP_SIGNER = 7 * 86_400;

// Relying parties tell devices from our own services by CA as much as by name: no CA may speak of another's.
const COMPETENCES: Readonly<Record<IssuingCaKind, Competence>> = {
  idevid: { names: new Set(['hardwareModuleName', 'deviceUri']), purposes: new Set(['OCSPSigning']) },
  ldevid: { names: new Set(['deviceUri']), purposes: new Set(['clientAuth', 'OCSPSigning']) },
  infrastructure: {
    names: new Set(['gatewayUri', 'serviceUri', 'statusUri', 'serverNames']),
    purposes: new Set(['serverAuth', 'clientAuth', 'OCSPSigning']),
  },
};

// What no profile may change. Each rule answers whether the template keeps it; its name is what a person reads when it does not.
const RULES: readonly (readonly [string, Rule])[] = [
  [
    'the profile is one of the issuing CA',
    ({ profile, issuer }) => profile.issuers.some((kind) => kind === issuer.kind),
  ],
  [
    'names and purposes are of a kind that the issuing CA may give',
    ({ profile, issuer }) => {
      if (issuer.kind === 'root') return false;
      const { names, purposes } = COMPETENCES[issuer.kind];
      return (
        profile.subjectAltName.every((form) => names.has(form)) &&
        profile.extKeyUsage.every((purpose) => purposes.has(purpose))
      );
    },
  ],
  [
    'OCSPSigning stands alone, with nocheck, without names, for 7 days at most',
    ({ profile }) => {
      if (!profile.extKeyUsage.includes('OCSPSigning')) return !profile.ocspNocheck;
      const { extKeyUsage, ocspNocheck, subjectAltName, validity } = profile;
      const short = validity.kind === 'lifetime' && validity.longest <= LONGEST_OCSP_SIGNER;
      return extKeyUsage.length === 1 && ocspNocheck && subjectAltName.length === 0 && short;
    },
  ],
  [
    'only IDevIDs never end, under an IDevID CA that never ends',
    ({ profile, issuer }) =>
      profile.validity.kind !== 'never' ||
      (profile.name === 'idevid' && issuer.kind === 'idevid' && issuer.certificate.notAfter === MAX_TIME),
  ],
];

/** The rules that hold for every profile and that this template breaks. */
export function templateFindings(facts: TemplateFacts): readonly string[] {
  return RULES.filter(([, keeps]) => !keeps(facts)).map(([finding]) => finding);
}
