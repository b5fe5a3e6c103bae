import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { caRefusalCodes } from '@touchmark/ca-port';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { EnrollmentError } from '../../apps/enrollment/src/enrollment-error.js';
import { describeEnrollmentError } from '../../apps/enrollment/src/describe-enrollment-error.js';
import { LIMITS } from '../../libs/verifier/src/path/budget.js';

const root = path.resolve(import.meta.dirname, '../..');
const document = readFileSync(path.join(root, 'docs/errors.md'), 'utf8');

/** A closed union, or the interface whose members are one, and the heading or sentence in front of its table. */
interface Union {
  readonly type: string;
  readonly file: string;
  readonly before: string;
  /** A union inside it that has a table of its own. */
  readonly without?: string;
}

const unions: readonly Union[] = [
  { type: 'CaRefusalCode', file: 'libs/ca-port/src/refusal.ts', before: '## Refusals of the CA' },
  {
    type: 'EnrollmentErrorContexts',
    file: 'apps/enrollment/src/enrollment-error.ts',
    before: '## Refusals of enrollment',
  },
  {
    type: 'NotAuthenticCode',
    file: 'apps/enrollment/src/est/est-error.ts',
    before: '## EST: nobody proved to be there',
    without: 'VerifierErrorCode',
  },
  {
    type: 'EnrollmentRefusalCode',
    file: 'apps/enrollment/src/est/est-error.ts',
    before: '## EST: authentic, but not for you',
  },
  {
    type: 'GatewayRefusalCode',
    file: 'apps/gateway/src/refusal.ts',
    before: '## Refusals of the gateway',
  },
  { type: 'EstErrorCode', file: 'libs/est/src/errors.ts', before: '## EST: the body' },
  {
    type: 'FeedRefusalCode',
    file: 'apps/responder/src/feed/feed-refused-error.ts',
    before: '## Refusals of the status feed',
    without: 'VerifierErrorCode',
  },
  { type: 'ServerErrorContexts', file: 'libs/server/src/errors/server-error.ts', before: '## The server' },
  { type: 'VerifierErrorCode', file: 'libs/verifier/src/error.ts', before: '## The verifier' },
  { type: 'PolicyErrorCode', file: 'libs/verifier/src/policy-error.ts', before: '`PolicyErrorCode` in' },
  { type: 'ProfileRule', file: 'libs/verifier/src/path/profiles/profile.ts', before: '`ProfileRule` in' },
  { type: 'CrlWhy', file: 'libs/verifier/src/revocation/crl/crl-why.ts', before: '`CrlWhy` in' },
  { type: 'CrlRefusal', file: 'libs/verifier/src/revocation/crl/crl-why.ts', before: '`CrlRefusal` in' },
  { type: 'OcspWhy', file: 'libs/verifier/src/revocation/ocsp/ocsp-why.ts', before: '`OcspWhy` in' },
  { type: 'OcspRefusal', file: 'libs/verifier/src/revocation/ocsp/ocsp-why.ts', before: '`OcspRefusal` in' },
  { type: 'TokenWhy', file: 'libs/verifier/src/revocation/token-status-list/token-why.ts', before: '`TokenWhy` in' },
  {
    type: 'TokenRefusal',
    file: 'libs/verifier/src/revocation/token-status-list/token-refused.ts',
    before: '`TokenRefusal` in',
  },
  { type: 'FeedErrorCode', file: 'libs/verifier/src/feed-error.ts', before: '`FeedErrorCode` in' },
  { type: 'IssuanceErrorContext', file: 'libs/issuance/src/issuance-error.ts', before: '## The issuance library' },
  { type: 'DerErrorCode', file: 'libs/der/src/error.ts', before: '`DerErrorCode` in' },
  { type: 'X509ErrorCode', file: 'libs/x509/src/error.ts', before: '`X509ErrorCode` in' },
  { type: 'KeysErrorCode', file: 'libs/keys/src/errors.ts', before: '## Keys and secret files' },
  { type: 'CredentialsErrorCode', file: 'libs/credentials/src/error.ts', before: '## Certificates of a process' },
  { type: 'CaGrpcErrorCode', file: 'libs/ca-grpc/src/error.ts', before: '## The CA port over gRPC' },
  { type: 'StoreErrorCode', file: 'libs/store/src/store-error.ts', before: '## Database' },
  {
    type: 'EmbeddedPostgresErrorCode',
    file: 'libs/store/src/embedded-postgres/embedded-postgres-error.ts',
    before: '`EmbeddedPostgresErrorCode` in',
  },
  {
    type: 'InstanceLockErrorCode',
    file: 'apps/standalone/src/instance-lock.ts',
    before: '`InstanceLockErrorCode` in',
  },
  { type: 'CliErrorCode', file: 'apps/cli/src/cli-error.ts', before: '## The command line' },
  { type: 'JobsErrorCode', file: 'libs/jobs/src/jobs-error.ts', before: '## Jobs' },
  { type: 'DeviceRefusalCode', file: 'libs/lifecycle/src/device-state.ts', before: '`DeviceRefusalCode` in' },
  { type: 'RestoreErrorContexts', file: 'apps/ca/src/restore/restore-error.ts', before: '## A new epoch' },
  { type: 'StatusListErrorCode', file: 'libs/status-list/src/errors.ts', before: '`StatusListErrorCode` in' },
];

/** Unions that are made of codes of the above. */
const partsOfOthers = [{ type: 'EnrollmentRefusalCode', file: 'libs/lifecycle/src/rotation.ts', of: 'CaRefusalCode' }];

const sources = globSync(['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'], { cwd: root }).filter(
  (file) => !file.endsWith('.spec.ts'),
);
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const program = compile();
const checker = program.getTypeChecker();

function compile(): ts.Program {
  const config = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file));
  const { options } = ts.parseJsonConfigFileContent(config.config, { ...ts.sys, readDirectory: () => [] }, root);
  const files = [...unions, ...partsOfOthers].map(({ file }) => path.join(root, file));
  return ts.createProgram([...new Set(files)], { ...options, types: [], noEmit: true });
}

/** What the compiler says the members are, however the type is written. */
function membersOf(type: string, file: string): string[] {
  const source = program.getSourceFile(path.join(root, file));
  const declaration = source?.statements.find(
    (statement) =>
      (ts.isTypeAliasDeclaration(statement) || ts.isInterfaceDeclaration(statement)) && statement.name.text === type,
  );
  if (!declaration) throw new Error(`${file} declares no ${type}`);
  const found = checker.getTypeAtLocation(declaration);
  if (ts.isInterfaceDeclaration(declaration)) return found.getProperties().map(({ name }) => name);
  return (found.isUnion() ? found.types : [found]).map((one) => {
    if (!one.isStringLiteral()) throw new Error(`${type} is not made of string literals`);
    return one.value;
  });
}

/** Rows of the first table after a text: cells without their back quotes. */
function rowsAfter(text: string): string[][] {
  const start = document.indexOf(text);
  if (start < 0) throw new Error(`docs/errors.md does not say ${text}`);
  const lines = document.slice(start).split('\n').slice(1);
  const first = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, at) => at > first && !line.startsWith('|'));
  return lines.slice(first + 2, end < 0 ? undefined : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const codesAfter = (text: string): string[] => rowsAfter(text).map(([code = '']) => code);

describe('docs/errors.md', () => {
  it.each(unions)('names every code of $type, once, and no other', ({ type, file, before, without }) => {
    const apart = without === undefined ? [] : unions.filter((union) => union.type === without);
    const elsewhere = new Set(apart.flatMap((union) => membersOf(union.type, union.file)));
    const codes = membersOf(type, file).filter((code) => !elsewhere.has(code));
    expect(codesAfter(before).toSorted()).toEqual(codes.toSorted());
  });

  it.each(partsOfOthers)('needs no table for $file: all its codes are of $of', ({ type, file, of }) => {
    const whole = unions.find((union) => union.type === of);
    expect(whole && membersOf(whole.type, whole.file)).toEqual(expect.arrayContaining(membersOf(type, file)));
  });

  it('names what HTTP itself refuses', () => {
    const text = read('libs/server/src/errors/to-problem.ts');
    const codes = [...text.matchAll(/code: '([A-Z_]+)'/g)].map(([, code = '']) => code);
    expect(codesAfter('## HTTP itself').toSorted()).toEqual([...new Set(codes)].toSorted());
  });

  it('names the classes that have one code, with it', () => {
    const found = sources.flatMap((file) =>
      [...read(file).matchAll(/class (\w+) extends Error \{\s+readonly code = '([A-Z_]+)'/g)].map(
        ([, name, code]) => `${code} ${name}`,
      ),
    );
    const rows = rowsAfter('## Classes with one code').map(([code, name]) => `${code} ${name}`);
    expect(rows.toSorted()).toEqual(found.toSorted());
  });

  it('knows every error class: one that is new gets a table here, and a row in the list of this test', () => {
    const withUnion = new Set(unions.map(({ file }) => file));
    const unknown = sources
      .filter((file) => /class \w+(<.*>)? extends Error\b/.test(read(file)) && !withUnion.has(file))
      .filter((file) => !/extends Error \{\s+readonly code = '/.test(read(file)));
    // the CA's own class carries the port's codes
    expect(unknown).toEqual(['apps/ca/src/ca-error.ts']);
  });

  it('says the HTTP status that the CA’s and the registration authority’s codes have', () => {
    const own = rowsAfter('## Refusals of enrollment');
    const ca = rowsAfter('## Refusals of the CA');
    expect(ca).toHaveLength(caRefusalCodes.length);
    for (const [code = '', status] of [...own, ...ca]) {
      const error = new EnrollmentError('INTERNAL', {}, '');
      const described = describeEnrollmentError(Object.assign(error, { code }));
      expect([code, String(described?.status)]).toEqual([code, status]);
    }
  });

  it('says the limits that one verification has', () => {
    const [, means = ''] = rowsAfter('## The verifier').find(([code]) => code === 'BUDGET_EXCEEDED') ?? [];
    const said = [...means.matchAll(/(\w+) \(([\d,]+)/g)].map(([, name = '', n = '']) => [
      name,
      Number(n.replaceAll(',', '')),
    ]);
    expect(Object.fromEntries(said)).toEqual(LIMITS);
  });
});
