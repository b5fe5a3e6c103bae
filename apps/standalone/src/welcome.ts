import type { Standalone } from './standalone.js';

/** What a new user reads after the start: where things are, and commands that work as they stand. */
export function welcome({ urls, files, sentences }: Pick<Standalone, 'urls' | 'files' | 'sentences'>): string {
  const ca = `--cacert ${files.rootCertificate}`;
  return [
    '',
    'Touchmark runs.',
    '',
    `  Devices (EST)      ${urls.device}/.well-known/est`,
    `  Admins (REST)      ${urls.admin}/v1   API: ${urls.admin}/v1/openapi.json`,
    `  OCSP, CRLs         ${urls.public}`,
    `  Gateways (status)  ${urls.gateway}/status/feed`,
    `  Admin token        ${files.adminToken}`,
    `  Root certificate   ${files.rootCertificate}`,
    '',
    ...sentences.map((sentence) => `  ${sentence}`),
    '',
    'Try:',
    '',
    `  curl ${ca} ${urls.device}/.well-known/est/cacerts | base64 -di | openssl pkcs7 -inform DER -print_certs -noout`,
    '',
    `  curl ${ca} -H "Authorization: Bearer $(cat ${files.adminToken})" ${urls.admin}/v1/models`,
    '',
    `  curl ${ca} -H "Authorization: Bearer $(cat ${files.adminToken})" -H 'Content-Type: application/json' \\`,
    `    -d '{"policy":"default","model":"demo-sensor","deviceSerial":"demo-1","validUntil":'$(($(date +%s) + 3600))'}' ${urls.admin}/v1/enrollment-tokens`,
    '',
    '  npx touchmark device list',
    '',
    'README.md goes on from there: a first device with curl and openssl alone; docs/cli.md for the command line. Ctrl-C stops.',
    '',
    '',
  ].join('\n');
}
