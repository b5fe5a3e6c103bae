// Who may import whom: the table of libraries, and which npm package belongs where. CONTRIBUTING.md shows it in words.

/** Each library and the other libraries it may use; `types` means `import type` alone. */
const libraries = {
  der: {},
  x509: { uses: ['der'] },
  'status-list': {},
  verifier: { uses: ['der', 'x509', 'status-list'] },
  issuance: { uses: ['der', 'x509', 'status-list'] },
  'ca-port': {},
  'ca-grpc': { uses: ['ca-port', 'verifier', 'x509', 'der'] },
  credentials: { uses: ['keys', 'x509', 'der', 'ca-port'] },
  est: { uses: ['der', 'x509'] },
  lifecycle: {},
  keys: { types: ['issuance'] },
  store: { uses: ['der'], types: ['lifecycle', 'issuance', 'status-list', 'ca-port'] },
  jobs: { uses: ['store'] },
  server: {
    types: [
      'der',
      'x509',
      'issuance',
      'est',
      'lifecycle',
      'keys',
      'store',
      'jobs',
      'verifier',
      'ca-port',
      'credentials',
    ],
  },
};

/** npm packages (as regular expressions) and the only places that may import them; specs, test/ and bench/ may besides. */
const packages = [
  { name: 'nest', packages: '@nestjs/[^/]+|nestjs-pino', places: '^(apps/|libs/server/)' },
  { name: 'typeorm', packages: 'typeorm', places: '^(libs/(store|testkit)/|migrations/)' },
  { name: 'pg', packages: 'pg', places: '^libs/(store|testkit)/' },
  { name: 'grpc', packages: '@grpc/[^/]+', places: '^libs/ca-grpc/' },
  { name: 'command-line', packages: 'commander|cli-progress|cli-table3|csv-parse', places: '^apps/cli/' },
  { name: 'proxy', packages: 'httpxy', places: '^apps/gateway/' },
  { name: 'bullmq', packages: 'bullmq|ioredis', places: '^libs/jobs/' },
  { name: 'jose', packages: 'jose', places: '^(apps/|libs/(server|keys|testkit)/)' },
  {
    name: 'x509-oracles',
    packages: '@peculiar/[^/]+|pkijs|asn1js',
    places: '^libs/(issuance|est|keys|testkit)/',
  },
];

/** Libraries that are bundled into the published verifier or are pure decisions: Node.js built-ins at most. */
const withoutPackages = ['der', 'x509', 'status-list', 'verifier', 'lifecycle', 'ca-port'];

const notProduction = '\\.spec\\.ts$|^libs/[^/]+/test/|^test/|^bench/|^vitest\\.config\\.ts$';

const insideNodeModules = (names) => `node_modules/(@types/)?(${names})/`;

function libraryRules() {
  return Object.entries(libraries).flatMap(([name, { uses = [], types = [] }]) => {
    const from = { path: `^libs/${name}/`, pathNot: notProduction };
    // The migrations are the store's own, kept at the root where an operator finds them.
    const allowed = [name, ...uses, ...types].map((lib) => `^libs/${lib}/`);
    if (name === 'store') allowed.push('^migrations/');
    return [
      {
        name: `${name}-imports`,
        comment: `libs/${name} may import ${[...uses, ...types].join(', ') || 'no other library'}.`,
        severity: 'error',
        from,
        to: { path: '^(apps|libs|migrations|bench|test)/', pathNot: allowed },
      },
      ...types.map((lib) => ({
        name: `${name}-takes-only-types-of-${lib}`,
        comment: `libs/${name} may only "import type" from ${lib}.`,
        severity: 'error',
        from,
        to: { path: `^libs/${lib}/`, dependencyTypesNot: ['type-only'] },
      })),
    ];
  });
}

function packageRules() {
  return packages.map(({ name, packages: names, places }) => ({
    name: `only-there-${name}`,
    comment: `${names} may be imported only from ${places}, specs, test/ and bench/.`,
    severity: 'error',
    from: { pathNot: `${places}|${notProduction}` },
    to: { path: insideNodeModules(names) },
  }));
}

module.exports = {
  forbidden: [
    ...libraryRules(),
    ...packageRules(),
    {
      name: 'no-packages-in-pure-libraries',
      comment: 'These libraries stand on Node.js alone.',
      severity: 'error',
      from: { path: `^libs/(${withoutPackages.join('|')})/`, pathNot: notProduction },
      to: { path: 'node_modules/' },
    },
    {
      name: 'migrations-stand-alone',
      comment: 'A migration is history: it must not change when our code does.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(apps|libs|bench|test)/' },
    },
    {
      name: 'no-app-imports-an-app',
      comment: 'An app is one process; only standalone composes the others.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/standalone/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'testkit-is-for-tests',
      comment: 'The test kit is for specs, test/ and bench/.',
      severity: 'error',
      from: { pathNot: `^libs/testkit/|${notProduction}` },
      to: { path: '^libs/testkit/' },
    },
    {
      name: 'no-lib-imports-upwards',
      comment: 'A library knows no app, test or benchmark, and neither do its specs.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|bench|test)/' },
    },
    {
      name: 'through-the-front-door',
      comment: 'Another library is used through its index.ts, by its alias.',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/[^/]+/', pathNot: '^libs/$1/|^libs/[^/]+/src/index\\.ts$' },
    },
    {
      name: 'through-the-front-door-from-apps',
      comment: 'A library is used through its index.ts, by its alias.',
      severity: 'error',
      from: { path: '^(apps|migrations)/' },
      to: { path: '^libs/[^/]+/', pathNot: '^libs/[^/]+/src/index\\.ts$' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-development-packages-in-production',
      severity: 'error',
      from: { path: '^(apps|libs|migrations)/', pathNot: `^libs/testkit/|${notProduction}` },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-packages-of-chance',
      comment: 'Only what package.json names; a package that another one happened to bring may go as it came.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    // the manifest of the published verifier lies beside its source; what its tests use stands in the root's
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
