import type { Command } from 'commander';
import { certificateFacts, certificateFields } from '../describe-certificate.js';
import { formatFields } from '../format.js';
import type { ConnectionOptions } from '../profile.js';
import { fetchAuthorities } from '../service/authorities.js';
import { callsApi, does, group, leaf, type Runner } from './command.js';

export function authorityCommands(program: Command, runner: Runner): void {
  const authorities = group(program, 'ca', 'The certification authorities');
  const show = leaf(
    authorities,
    'show',
    'The root and the issuing CAs: fingerprints, validity, where they publish',
    '',
    ['ca show', 'ca show --json'],
  );
  does<ConnectionOptions>(callsApi(show), runner, async (cli, options) => {
    const api = await cli.api(options);
    const all = (await fetchAuthorities(api)).map(({ id, kind, certificate }) => ({
      id,
      kind,
      ...certificateFacts(certificate),
    }));
    const publication = publicationOf(all.flatMap(({ caIssuers }) => caIssuers)[0]);
    cli.out.result({ items: all, publication }, () =>
      [
        ...all.map(
          (authority) =>
            `${authority.kind}\n${indented(formatFields([['id', authority.id], ...certificateFields(authority)]))}`,
        ),
        ...(publication ? [`publication\n${indented(formatFields(Object.entries(publication)))}`] : []),
      ].join('\n\n'),
    );
  });
}

/** What stands beside a CA's certificate, whose URL is burnt into those below it: `<base>/ca/<id>.cer`. */
function publicationOf(caIssuers: string | undefined): Record<string, string> | undefined {
  const base = caIssuers && /^(.*)\/ca\/[^/]+\.cer$/.exec(caIssuers)?.[1];
  if (!base) return undefined;
  return {
    ocsp: `${base}/ocsp`,
    crls: `${base}/crl/all.pem`,
    snapshot: `${base}/status/snapshot`,
    signers: `${base}/status/signers`,
  };
}

const indented = (text: string): string => text.replaceAll(/^/gm, '  ');
